"""Give each event loop connections of its own, and close them when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from threading import Lock

from ._config import Config
from ._errors import ConfigError
from ._http import (
    AsyncHttpTransport,
    AsyncTransport,
    HttpTransport,
    Request,
    Response,
    Transport,
)

__all__ = ["AsyncTransports", "Transports"]


class Transports(HttpTransport):
    """Send requests over connections that all threads share.

    Raises:
        ConfigError: There can be no connections as told.
    """

    def __init__(self, config: Config, given: Transport | None = None) -> None:
        http = config.values["http"]
        if http.value == "aiohttp" and http.source == "argument":
            raise ConfigError("aiohttp needs an event loop.", hint="AsyncByteHouse can use it.")
        super().__init__(config, given)


class AsyncTransports:
    """Send requests over the connections of the event loop that runs.

    A connection belongs to the loop that it was opened in: another could not wait for its answers.

    Raises:
        ConfigError: There can be no connections as told.
    """

    def __init__(self, config: Config, given: AsyncTransport | None = None) -> None:
        self._config = config
        self._given = given
        self._first: AsyncHttpTransport | None = AsyncHttpTransport(config, given)
        self._opening = Lock()
        self._live: dict[asyncio.AbstractEventLoop, AsyncHttpTransport] = {}
        self._endings: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}

    async def send(self, request: Request) -> Response:
        """Send one request and read its answer.

        Raises:
            TransportFailure: No answer came.
        """
        loop = asyncio.get_running_loop()
        transport = self._live.get(loop)
        if transport is None:
            transport = await self._opened(loop)
        return await transport.send(request)

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> AsyncHttpTransport:
        with self._opening:
            for other in [other for other in self._live if other.is_closed()]:
                # It was closed by hand, without the step that would have closed its connections.
                del self._live[other], self._endings[other]
            first, self._first = self._first, None
            self._live[loop] = first or AsyncHttpTransport(self._config, self._given)
            self._endings[loop] = self._ending(loop)
        await anext(self._endings[loop])
        return self._live[loop]

    async def _ending(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        """Close the connections of a loop. `asyncio.run` and its like end all asynchronous
        generators before they close the loop, which is the one sign of its end that there is."""
        try:
            yield
        finally:
            with self._opening:
                del self._endings[loop]
                transport = self._live.pop(loop)
            await transport.aclose()

    async def aclose(self) -> None:
        """Close the connections of this loop and of others that run. A loop that rests closes its
        own when it ends."""
        if self._first is not None:
            await self._first.aclose()
        here = asyncio.get_running_loop()
        for loop, ending in list(self._endings.items()):
            if loop is here:
                await ending.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_close(ending), loop)


async def _close(ending: AsyncGenerator[None]) -> None:
    await ending.aclose()
