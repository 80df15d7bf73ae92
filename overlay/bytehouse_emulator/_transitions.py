"""Let things take effect at once, after some looks at them, or when a test says so.

What changes by and by, such as a warehouse that starts, calls `begin` when it sets out and
`progress` whenever it is looked at. Nothing is kept over a restart: what was on its way has
arrived.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

DONE: Final = 1.0


class Pace(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How transitions come to their end.

    With `immediate` they have ended when they begin, with `manual` a step ends them, with `polls`
    so many looks still find them under way.
    """

    mode: Literal["immediate", "manual", "polls"] = "immediate"
    polls: int = 1


@dataclass
class _Pending:
    pace: Pace
    looks: int = 0


class Transitions:
    """What is under way, by kind and key."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._begun: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @property
    def pace(self) -> Pace:
        """Answer with how transitions come to their end."""
        return self._pace

    def set_pace(self, pace: Pace) -> None:
        """Change how those that begin from now on come to their end."""
        self._pace = pace

    def begin(self, kind: str, key: str) -> None:
        """Set something out on its way, anew if it was under way."""
        with self._lock:
            self._begun.add((kind, key))
            self._pending.pop((kind, key), None)
            if self._pace.mode != "immediate":
                self._pending[kind, key] = _Pending(self._pace)

    def begin_once(self, kind: str, key: str) -> None:
        """Set something out on its way, unless it ever was."""
        if (kind, key) not in self._begun:
            self.begin(kind, key)

    def progress(self, kind: str, key: str) -> float:
        """Probe at something: how much of its way is done, from 0 to 1."""
        with self._lock:
            pending = self._pending.get((kind, key))
            if pending is None:
                return DONE
            if pending.pace.mode == "manual":
                return 0.0
            if pending.looks >= pending.pace.polls:
                del self._pending[kind, key]
                return DONE
            pending.looks += 1
            return (pending.looks - 1) / pending.pace.polls

    def step(self, kind: str = "", key: str = "") -> int:
        """End what is under way, or that of a kind or a key; answer with how many that were."""
        with self._lock:
            found = [
                place for place in self._pending if kind in {"", place[0]} and key in {"", place[1]}
            ]
            for place in found:
                del self._pending[place]
            return len(found)

    def pending(self) -> list[dict[str, str]]:
        """Answer with what is under way."""
        with self._lock:
            return [{"kind": kind, "key": key} for kind, key in self._pending]

    def reset(self) -> None:
        """End everything, and go at once from now on."""
        with self._lock:
            self._pace = Pace()
            self._pending.clear()
            self._begun.clear()
