"""Tell time and wait. Tests replace it, so that none of them sleeps."""

from __future__ import annotations

import random
import time

__all__ = ["Clock"]


class Clock:
    """Be the one source of time, of pauses and of chance."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def fraction(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - it spreads retries; nothing depends on its secrecy

    def sleep(self, seconds: float) -> None:
        """Block for a while."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait for a while, letting other tasks run."""
        import asyncio

        await asyncio.sleep(seconds)
