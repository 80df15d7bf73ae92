# Derived from overlay/bytehouse/_async/_shared.py by `make generate`. Do not edit.
"""What a client and its views share: settings, and the connections of this process."""

from __future__ import annotations

import os

from .._call import Settings
from .._errors import ByteHouseError
from .._http import HttpTransport

__all__ = ["Shared"]


class Shared:
    """Hold what a client and its views share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.closed = False
        self._open()

    def _open(self) -> None:
        self._transport = HttpTransport(self.settings.config)
        self._process = os.getpid()

    @property
    def transport(self) -> HttpTransport:
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

    def close(self) -> None:
        """Close the connections; those of another process are not ours to close."""
        self.closed = True
        if self._process == os.getpid():
            self._transport.close()
