"""Run one case in this process and print the seconds of each round as JSON."""

import asyncio
import inspect
import json
import sys
import time

from bench import cases


def main(name: str, url: str, rounds: int, seconds: float) -> list[float]:
    """Time a case: warm up, then rounds of as many calls as fit into the time; seconds per call."""
    timed = getattr(cases, name)(url)
    if name.startswith("async_"):
        return asyncio.run(_async(timed, rounds, seconds))
    for _ in range(3):
        timed()
    found = []
    for _ in range(rounds):
        calls, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            timed()
            calls += 1
        found.append(took / calls)
    return found


async def _async(timed: cases.AsyncTimed, rounds: int, seconds: float) -> list[float]:
    for _ in range(3):
        await timed()
    found = []
    for _ in range(rounds):
        calls, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            await timed()
            calls += 1
        found.append(took / calls)
    return found


if __name__ == "__main__":
    assert inspect.isfunction(getattr(cases, sys.argv[1]))
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
