"""Keep calls out for a moment, while everything they work on is saved or replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from starlette.concurrency import run_in_threadpool

from ._errors import EmulatorError

_GLANCE: Final = 0.002


class Gate:
    """Counts the calls that are under way; all of them are served on one event loop."""

    def __init__(self) -> None:
        self._inside = 0
        self._open = asyncio.Event()
        self._open.set()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Be a call: wait until calls are let in, and count as one."""
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def alone(
        self, patience: float, hurry: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Be alone: keep new calls waiting, and wait for those under way to end.

        What hurries them is called once no other can begin.
        """
        while not self._open.is_set():
            await self._open.wait()
        self._open.clear()
        try:
            if hurry:
                await run_in_threadpool(hurry)
            deadline = asyncio.get_running_loop().time() + patience
            while self._inside:
                if asyncio.get_running_loop().time() > deadline:
                    raise EmulatorError(
                        409,
                        "Snapshot_Busy",
                        f"{self._inside} calls did not end within {patience:g} seconds.",
                    )
                await asyncio.sleep(_GLANCE)
            yield
        finally:
            self._open.set()
