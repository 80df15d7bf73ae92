# Derived from overlay/bytehouse/_async/shared.py by `make generate`. Do not edit.
"""What a client and its views share: settings, and the connections of this process."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING

from .._call.context import Settings
from .._core.config import Config
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from .._transport.sync_transport import HttpTransport, Transport

__all__ = ["Shared"]

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def _may_be_refused(config: Config) -> bool:
    """Tell whether something is said about connections that only opening them can check."""
    told = config.ca_file or config.client_cert or config.proxy or config.http != "httpx"
    return bool(told) or any(name in os.environ for name in _PROXIES)


class Shared:
    """Hold what a client and its views share."""

    def __init__(self, settings: Settings, given: Transport | None) -> None:
        self.settings = settings
        self._given = given
        self.closed = False
        self._process = os.getpid()
        self._transport: HttpTransport | None = None
        self._opening = Lock()
        if given or _may_be_refused(settings.config):
            self._open()  # so that it is refused now, and not by the first call

    def _open(self) -> HttpTransport:
        # The HTTP library, half of all that there is to import, is imported when it is needed.
        from .._transport.sync_transport import HttpTransport

        with self._opening:
            if self._transport is None:
                self._transport = HttpTransport(self.settings.config, self._given)
            return self._transport

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
            self._process, self._transport, self._opening = os.getpid(), None, Lock()
        return self._transport or self._open()

    def close(self) -> None:
        """Close the connections; those of another process are not ours to close."""
        self.closed = True
        if self._transport and self._process == os.getpid():
            self._transport.close()
