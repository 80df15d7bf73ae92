"""What a client and its views share: settings, and the connections of this process."""

from __future__ import annotations

import os

from .._call import Settings
from .._errors import ByteHouseError
from .._http import AsyncHttpTransport

__all__ = ["AsyncShared"]


class AsyncShared:
    """Hold what a client and its views share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.closed = False
        self._open()

    def _open(self) -> None:
        self._transport = AsyncHttpTransport(self.settings.config)
        self._process = os.getpid()

    @property
    def transport(self) -> AsyncHttpTransport:
        """The connections of this process.

        Raises:
            ByteHouseError: The client is closed.
        """
        if self.closed:
            raise ByteHouseError("This client is closed.", hint="Make a new one.")
        if self._process != os.getpid():
            # After a fork both processes hold the same sockets: what one reads, the other misses.
            self.settings.renew()
            self._open()
        return self._transport

    async def aclose(self) -> None:
        """Close the connections; those of another process are not ours to close."""
        self.closed = True
        if self._process == os.getpid():
            await self._transport.aclose()
