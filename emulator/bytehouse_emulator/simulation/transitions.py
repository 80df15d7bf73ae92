"""Let state changes complete at once, after some polls, or when a test says so.

What changes over time, such as a warehouse that starts, calls `begin` when the change begins and
`progress` whenever its state is read. Nothing is stored: after a restart every change is complete.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

DONE: Final = 1.0


class Pace(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """When transitions complete.

    With `immediate` they complete as they begin, with `manual` on a step, with `polls` after so
    many reads that still find them in progress.
    """

    mode: Literal["immediate", "manual", "polls"] = "immediate"
    polls: int = 1


@dataclass
class _Pending:
    pace: Pace
    polled: int = 0


class Transitions:
    """The transitions in progress, by kind and key."""

    def __init__(self) -> None:
        self.pace = Pace()
        """When those that begin from now on complete."""
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._begun: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def begin(self, kind: str, key: str) -> None:
        """Begin a transition, anew if it was in progress."""
        with self._lock:
            self._begun.add((kind, key))
            self._pending.pop((kind, key), None)
            if self.pace.mode != "immediate":
                self._pending[kind, key] = _Pending(self.pace)

    def begin_once(self, kind: str, key: str) -> None:
        """Begin a transition, unless it has ever begun."""
        if (kind, key) not in self._begun:
            self.begin(kind, key)

    def progress(self, kind: str, key: str) -> float:
        """Poll a transition: return how much of it is done, from 0 to 1."""
        with self._lock:
            pending = self._pending.get((kind, key))
            if pending is None:
                return DONE
            if pending.pace.mode == "manual":
                return 0.0
            if pending.polled >= pending.pace.polls:
                del self._pending[kind, key]
                return DONE
            pending.polled += 1
            return (pending.polled - 1) / pending.pace.polls

    def is_pending(self, kind: str, key: str) -> bool:
        """Return whether a transition is in progress, without polling it."""
        return (kind, key) in self._pending

    def step(self, kind: str = "", key: str = "") -> int:
        """Complete all transitions, or those of a kind or a key; return how many there were."""
        with self._lock:
            found = [
                place for place in self._pending if kind in {"", place[0]} and key in {"", place[1]}
            ]
            for place in found:
                del self._pending[place]
            return len(found)

    def pending(self) -> list[dict[str, str]]:
        """Return the transitions in progress."""
        with self._lock:
            return [{"kind": kind, "key": key} for kind, key in self._pending]

    def reset(self) -> None:
        """Complete everything, and complete immediately from now on."""
        with self._lock:
            self.pace = Pace()
            self._pending.clear()
            self._begun.clear()
