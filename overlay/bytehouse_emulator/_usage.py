"""Keep account of what ran, where, and for how long.

The documentation names two utilisations and shows none of their keys. What a warehouse is charged
for here is inferred: the time in which queries ran on it, at the credits per hour of its size.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any, Final

import msgspec

from ._clock import SECOND, Clock
from ._errors import invalid
from ._state import State

_HOUR: Final = 3600
_KEPT: Final = 100_000
_PRUNED_EVERY: Final = 1_000
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)"
)


class Work(msgspec.Struct):
    """A query that ran, or runs if `end` is 0, in nanoseconds of the emulator's clock.

    `engine_begin` is the same begin by the engine's clock, which nobody puts forward.
    """

    warehouse: str
    credits_per_hour: int
    begin: int
    engine_begin: int
    end: int = 0


class Usage:
    """What ran, by the query's id."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._work = state.collection("work", Work)

    def begin(self, query_id: str, warehouse: str, credits_per_hour: int) -> None:
        """Note that a query begins to run."""
        work = Work(warehouse, credits_per_hour, self._clock.nanoseconds(), time.time_ns())
        self._work.put(query_id, work)

    def end(self, query_id: str) -> None:
        """Note that a query has ended."""
        if work := self._work.get(query_id):
            work.end = self._clock.nanoseconds()
            self._work.put(query_id, work)
            if len(self._work) > _KEPT + _PRUNED_EVERY:
                self._prune()

    def abandon(self, query_id: str) -> None:
        """Note that nobody knows when a query ended."""
        if work := self._work.get(query_id):
            work.end = work.begin
            self._work.put(query_id, work)

    def work(self, query_id: str) -> Work | None:
        """Answer with what is known of a query."""
        return self._work.get(query_id)

    def of_warehouses(self, begin: int, end: int) -> dict[str, dict[str, Any]]:
        """Add up what ran between two times, by warehouse."""
        now = self._clock.nanoseconds()
        found: dict[str, dict[str, Any]] = {}
        for work in self._work.all():
            first, last = max(begin, work.begin), min(end, work.end or now)
            if first <= last:
                entry = found.setdefault(
                    work.warehouse, {"queries": 0, "runSeconds": 0.0, "credits": 0.0}
                )
                seconds = (last - first) / SECOND
                entry["queries"] += 1
                entry["runSeconds"] += seconds
                entry["credits"] += seconds * work.credits_per_hour / _HOUR
        return found

    def _prune(self) -> None:
        """Forget the oldest, so that it does not grow for ever."""
        self._state.execute(
            "DELETE FROM document WHERE position IN (SELECT position FROM document"
            f" WHERE kind = 'work' ORDER BY position LIMIT {_PRUNED_EVERY})"
        )


def read_period(start: str, end: str) -> tuple[int, int]:
    """Read the two ends of a period in RFC 3339, to the nanosecond."""
    first, last = _read_time("startTime", start), _read_time("endTime", end)
    if first > last:
        raise invalid("Usage", "startTime must not be after endTime.")
    return first, last


def _read_time(name: str, text: str) -> int:
    match = _TIME.fullmatch(text)
    try:
        if match:
            seconds = int(datetime.fromisoformat(match.group(1) + match.group(3)).timestamp())
            return seconds * SECOND + int((match.group(2) or "0").ljust(9, "0"))
    except (ValueError, OverflowError):
        pass
    raise invalid("Usage", f"{name} must be a time in RFC 3339, not {text[:60]!r}.")
