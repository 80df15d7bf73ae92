"""Read the time and sleep. Tests replace it, so that none of them sleeps."""

from __future__ import annotations

import random
import time


class Clock:
    """Provide time, pauses and randomness."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes backwards."""
        return time.monotonic()

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def fraction(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - jitter of retries, no secret

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Suspend this task, letting others run."""
        import asyncio

        await asyncio.sleep(seconds)
