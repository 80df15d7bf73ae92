"""Let other tasks of an event loop run while a large response is parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LONGEST = 0.02
"""Seconds of parsing after which other tasks get their turn."""
LARGE = 1 << 20
"""Bytes of a body that is parsed in a thread of its own."""


class AsyncTurns:
    """Divide the time of an event loop between parsing and other tasks."""

    def __init__(self) -> None:
        self._worked = 0.0

    async def after(self, seconds: float) -> None:
        """Let other tasks run, if this and the work before have taken long."""
        self._worked += seconds
        if self._worked > LONGEST:
            import asyncio

            self._worked = 0.0
            await asyncio.sleep(0)

    @staticmethod
    async def run(size: int, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a function returns that parses `size` bytes."""
        if size < LARGE:
            return work(*args, **options)
        import asyncio

        return await asyncio.to_thread(work, *args, **options)


class Turns:
    """Do nothing: the synchronous counterpart of `AsyncTurns`, as threads take turns anyway."""

    def after(self, seconds: float) -> None:
        """Return at once."""

    @staticmethod
    def run(_size: int, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a function returns."""
        return work(*args, **options)
