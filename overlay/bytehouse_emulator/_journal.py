"""Keep account of every call: what was asked, what came of it, and what was answered."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import msgspec

_KEPT: Final = 200_000
_SUBJECT: Final = ("name", "queryID", "UserID", "RoleName", "ActionName", "partitionNames")


class Entry(msgspec.Struct, kw_only=True):
    """One call.

    `effect` says that the operation was carried out without an error, whatever its caller was told.
    `status` is 0 if the connection was dropped instead of an answer.
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
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self._number = 0

    def open(self, operation: str, method: str, path: str) -> Entry:
        """Begin the account of a call."""
        with self._lock:
            self._number += 1
            entry = Entry(number=self._number, operation=operation, method=method, path=path)
            self._entries.append(entry)
        return entry

    def entries(self, operation: str = "") -> list[Entry]:
        """Answer with the calls, or with those of one operation."""
        with self._lock:
            return [e for e in self._entries if operation in {"", e.operation}]

    def clear(self) -> None:
        """Forget all calls so far."""
        with self._lock:
            self._entries.clear()


def subject_of(body: dict[str, object]) -> dict[str, object]:
    """Answer with what a body says a call is about; secrets and statements are left out."""
    return {name: body[name] for name in _SUBJECT if name in body}
