"""What a client and its views share: settings, and the connections of this process."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING

from .._call.context import Settings
from .._core.config import Config
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._transport.async_transport import AsyncHttpTransport, AsyncTransport


_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def _needs_check(config: Config) -> bool:
    """Return whether only making the transport can check the settings of connections."""
    settings = config.ca_file or config.client_cert or config.proxy or config.http != "httpx"
    return bool(settings) or any(name in os.environ for name in _PROXIES)


class AsyncShared:
    """Hold what a client and its views share."""

    def __init__(self, settings: Settings, transport: AsyncTransport | None) -> None:
        self.settings = settings
        self._custom_transport = transport
        self.closed = False
        # When the warehouses were listed, by the clock, and their ids by name.
        self.warehouse_ids: tuple[float | None, Mapping[str, str]] = (None, {})
        self._pid = os.getpid()
        self._transport: AsyncHttpTransport | None = None
        self._lock = Lock()
        if transport or _needs_check(settings.config):
            self._open()  # so that an error is raised now, and not by the first call

    def _open(self) -> AsyncHttpTransport:
        # The HTTP library takes half of the time of all imports.
        from .._transport.async_transport import AsyncHttpTransport

        with self._lock:
            if self._transport is None:
                self._transport = AsyncHttpTransport(self.settings.config, self._custom_transport)
            return self._transport

    @property
    def transport(self) -> AsyncHttpTransport:
        """The transport of this process.

        Raises:
            ByteHouseError: The client is closed.
        """
        if self.closed:
            raise ByteHouseError("This client is closed.", hint="Make a new one.")
        if self._pid != os.getpid():
            # After a fork both processes share the sockets: what one reads, the other misses.
            self.settings.reset_after_fork()
            self._pid, self._transport, self._lock = os.getpid(), None, Lock()
        return self._transport or self._open()

    async def aclose(self) -> None:
        """Close the connections; those of another process are not ours to close."""
        self.closed = True
        if self._transport and self._pid == os.getpid():
            await self._transport.aclose()
