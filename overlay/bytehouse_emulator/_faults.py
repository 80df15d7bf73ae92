"""Answer wrongly on request, so that a client can be seen to cope."""

from __future__ import annotations

import random
import threading
from typing import Literal

import msgspec

from ._distortions import Distortion


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """What is to go wrong, for which operation, and how many times.

    With a status, that and the body are the answer, and the operation has no effect, unless
    `effect` says that it takes effect first. With `truncate`, the operation takes effect, but its
    answer breaks off half-way. With `drop`, the connection is dropped before or after the operation
    takes effect. `latency` seconds pass first. A `probability` below 1 lets some calls by: with
    the same `seed`, the same calls in the same order meet the same faults. With `distort` the
    answer says something that a client may not expect, see `_distortions.py`.
    """

    operation: str = "*"
    count: int = 1
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    truncate: bool = False
    effect: bool = False
    drop: Literal["", "before", "after"] = ""
    latency: float = 0.0
    probability: float = 1.0
    seed: int = 7
    distort: Distortion = ""

    @property
    def kind(self) -> str:
        """Name of what goes wrong, for the journal."""
        if self.drop:
            return f"drop {self.drop}"
        if self.truncate:
            return "truncate"
        if self.status:
            return f"status {self.status}"
        return self.distort or "latency"

    @property
    def prevents(self) -> bool:
        """Whether the operation has no effect."""
        return self.drop == "before" or (self.status != 0 and not self.effect)


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, random.Random]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        with self._lock:
            chance = random.Random(fault.seed)  # noqa: S311 - nothing depends on its secrecy
            self._faults.append((fault, chance))

    def take(self, operation: str) -> Fault | None:
        """Answer with the fault that a call of an operation meets, if any."""
        with self._lock:
            for place, (fault, chance) in enumerate(self._faults):
                if fault.operation in {"*", operation} and chance.random() < fault.probability:
                    fault.count -= 1
                    if fault.count <= 0:
                        del self._faults[place]
                    return fault
        return None

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()
