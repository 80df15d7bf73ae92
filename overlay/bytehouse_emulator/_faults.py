"""Answer wrongly on request, so that a client can be seen to cope."""

from __future__ import annotations

import threading

import msgspec


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """What is to go wrong, for which operation, and how many times.

    With a status, that and the body are the answer, and the operation has no effect. With
    `truncate`, the operation takes effect, but its answer breaks off half-way.
    """

    operation: str = "*"
    count: int = 1
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    truncate: bool = False


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        with self._lock:
            self._faults.append(fault)

    def take(self, operation: str) -> Fault | None:
        """Answer with the fault that a call of an operation meets, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.operation in {"*", operation}:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()
