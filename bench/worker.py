"""Run one case in this process and print the seconds of each round, and its memory, as JSON."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import cases, inserting, reading

_ROUNDS = 3


class Clock:
    """Say when to call again, and how long a call took.

    Args:
        seconds: How long a round is to be at the least.

    Attributes:
        found: Seconds that a call took, in each round.
        peak: Memory that the first call needed beside what there was before, in bytes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._before = _peak()
        self.found: list[float] = []
        self.peak = 0

    def calls(self) -> Iterator[None]:
        """Warm up, then make rounds of as many calls as fit into the time; of long calls fewer."""
        began = time.perf_counter()
        for _ in range(_ROUNDS):
            yield
            # Of the first call alone: later ones include memory that a library has not released.
            self.peak = self.peak or _peak() - self._before
            if time.perf_counter() - began > self._seconds:
                break
        begun = time.perf_counter()
        while len(self.found) < _ROUNDS and time.perf_counter() - begun < _ROUNDS * self._seconds:
            gc.collect()
            count, began = 0, time.perf_counter()
            while (took := time.perf_counter() - began) < self._seconds:
                yield
                count += 1
            self.found.append(took / count)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(name: str, url: str, seconds: float) -> dict[str, Any]:
    """Time a case, whose name may have arguments behind colons; tell what memory it took."""
    case, *arguments = name.split(":")
    timed = (vars(cases) | vars(reading) | vars(inserting))[case](url, *arguments)
    clock = Clock(seconds)
    if case.startswith("async_"):
        asyncio.run(_await(timed, clock))
    else:
        for _ in clock.calls():
            timed()
    return {"seconds": clock.found, "peak": clock.peak}


async def _await(timed: cases.AsyncTimed, clock: Clock) -> None:
    for _ in clock.calls():
        await timed()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
