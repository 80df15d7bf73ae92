"""Keep requests waiting while everything they work on is saved or replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from starlette.concurrency import run_in_threadpool

from bytehouse_emulator.errors import EmulatorError

_POLL_INTERVAL: Final = 0.002


class RequestGate:
    """Counts the requests in progress; all of them are served on one event loop."""

    def __init__(self) -> None:
        self._active = 0
        self._open = asyncio.Event()
        self._open.set()

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """Wait until the gate is open, and count as a request in progress."""
        while not self._open.is_set():
            await self._open.wait()
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1

    @asynccontextmanager
    async def exclusive(
        self, timeout: float, cancel: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Keep new requests waiting, and wait for those in progress to end.

        `cancel` is to make them end sooner; it is called once no other can begin.
        """
        while not self._open.is_set():
            await self._open.wait()
        self._open.clear()
        try:
            if cancel:
                await run_in_threadpool(cancel)
            deadline = asyncio.get_running_loop().time() + timeout
            while self._active:
                if asyncio.get_running_loop().time() > deadline:
                    raise EmulatorError(
                        409,
                        "Snapshot_Busy",
                        f"{self._active} calls did not end within {timeout:g} seconds.",
                    )
                await asyncio.sleep(_POLL_INTERVAL)
            yield
        finally:
            self._open.set()
