"""Faults on request, so that a client's handling of them can be tested."""

from __future__ import annotations

import random
import threading
from typing import Final, Literal

import msgspec

from bytehouse_emulator.simulation.distortions import Distortion

# The operation that a statement at the ClickHouse interface is, for faults and the journal.
CLICKHOUSE_QUERY: Final = "clickhouse_query"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault: what it does, for which operation, and how many times.

    With a `status`, that and the body are the response, and the operation has no effect, unless
    `effect` is set: then it takes effect first. With `truncate`, the operation takes effect, but
    the response ends half-way. With `drop`, the connection is dropped before or after the operation
    takes effect. `latency` seconds pass first. With a `probability` below 1 not every call meets
    it: with the same `seed`, the same calls in the same order meet the same faults. With `distort`
    the response has something in it that a client may not expect, see `distortions.py`.
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
        """Name of the fault, for the journal."""
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

    @property
    def replaces(self) -> bool:
        """Whether the response of the operation is not sent."""
        return self.drop != "" or self.status != 0


class Faults:
    """The faults that are yet to happen, oldest first."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, random.Random]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            chance = random.Random(fault.seed)  # noqa: S311 - nothing depends on its secrecy
            self._faults.append((fault, chance))

    def next_for(self, operation: str) -> Fault | None:
        """Return the fault that a call of an operation meets, if any, and count it."""
        with self._lock:
            for place, (fault, chance) in enumerate(self._faults):
                if fault.operation in {"*", operation} and chance.random() < fault.probability:
                    fault.count -= 1
                    if fault.count <= 0:
                        del self._faults[place]
                    return fault
        return None

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
