"""A journal of the calls: what was requested, whether it took effect, what was returned."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import msgspec

_MAX_ENTRIES: Final = 200_000
_SUBJECT: Final = ("name", "queryID", "UserID", "RoleName", "ActionName", "partitionNames")


class Entry(msgspec.Struct, kw_only=True):
    """One call.

    `effect` tells that the operation was carried out without an error, whatever was returned.
    `status` is 0 if the connection was dropped instead of a response.
    """

    number: int
    operation: str
    method: str
    path: str
    subject: dict[str, object] = {}
    effect: bool = False
    status: int = 0
    fault: str = ""


class Journal:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_MAX_ENTRIES)
        self._lock = threading.Lock()
        self._number = 0

    def open(self, operation: str, method: str, path: str) -> Entry:
        """Add the entry of a call that begins."""
        with self._lock:
            self._number += 1
            entry = Entry(number=self._number, operation=operation, method=method, path=path)
            self._entries.append(entry)
        return entry

    def entries(self, operation: str = "") -> list[Entry]:
        """Return the calls, or those of one operation."""
        with self._lock:
            return [e for e in self._entries if operation in {"", e.operation}]

    def clear(self) -> None:
        """Delete all entries."""
        with self._lock:
            self._entries.clear()


def subject_of(body: dict[str, object]) -> dict[str, object]:
    """Return what a body names as the object of its call, without secrets and statements."""
    return {name: body[name] for name in _SUBJECT if name in body}
