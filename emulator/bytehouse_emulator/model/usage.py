"""Records of which queries ran, where, and for how long.

The documentation names two utilisations and shows none of their keys. What a warehouse is charged
for here is inferred: the time in which queries ran on it, at the credits per hour of its size.
"""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec

from bytehouse_emulator.simulation.clock import HOUR, SECOND, Clock
from bytehouse_emulator.storage.documents import DocumentStore

_MAX_RECORDS: Final = 100_000
_PRUNED_TOGETHER: Final = 1_000


class QueryRun(msgspec.Struct):
    """When a query ran, in nanoseconds of the emulator's clock; it still runs if `end` is 0.

    `engine_begin` is the same begin by the engine's clock, which is never put forward.
    """

    warehouse: str
    credits_per_hour: int
    begin: int
    engine_begin: int
    end: int = 0


class Usage:
    """The runs of queries, by the query's id."""

    def __init__(self, documents: DocumentStore, clock: Clock) -> None:
        self._clock = clock
        self._runs = documents.collection("work", QueryRun)

    def begin(self, query_id: str, warehouse: str, credits_per_hour: int) -> None:
        """Record that a query begins to run."""
        run = QueryRun(warehouse, credits_per_hour, self._clock.nanoseconds(), time.time_ns())
        self._runs.put(query_id, run)

    def end(self, query_id: str) -> None:
        """Record that a query has ended."""
        if run := self._runs.get(query_id):
            run.end = self._clock.nanoseconds()
            self._runs.put(query_id, run)
            if len(self._runs) > _MAX_RECORDS + _PRUNED_TOGETHER:
                self._runs.delete_oldest(_PRUNED_TOGETHER)

    def end_unknown(self, query_id: str) -> None:
        """Record that it is unknown when a query ended; it is charged nothing."""
        if run := self._runs.get(query_id):
            run.end = run.begin
            self._runs.put(query_id, run)

    def run(self, query_id: str) -> QueryRun | None:
        """Return when a query ran."""
        return self._runs.get(query_id)

    def by_warehouse(self, begin: int, end: int) -> dict[str, dict[str, Any]]:
        """Sum up what ran between two times, by warehouse."""
        now = self._clock.nanoseconds()
        found: dict[str, dict[str, Any]] = {}
        for run in self._runs.all():
            first, last = max(begin, run.begin), min(end, run.end or now)
            if first <= last:
                entry = found.setdefault(
                    run.warehouse, {"queries": 0, "runSeconds": 0.0, "credits": 0.0}
                )
                entry["queries"] += 1
                entry["runSeconds"] += (last - first) / SECOND
                entry["credits"] += (last - first) * run.credits_per_hour / HOUR
        return found
