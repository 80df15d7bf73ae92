# Derived from overlay/bytehouse/_async/response_body.py by `make generate`. Do not edit.
"""Read the body of an answer piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .._transport.models import TransportFailure
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from .._call.call import Call
    from .._transport.sync_transport import ResponseStream

__all__ = ["Body"]


class Body:
    """Read what a call was answered with.

    Attributes:
        ended: Whether its end was reached.
    """

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._rest = cast("ResponseStream | None", call.rest)
        self.ended = False

    def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TimedOut: The time of the call is over.
            ResponseDecodeError: The body broke off.
        """
        if self._rest is None:
            # The answer was lost and has been found again, so it is here as a whole.
            raw = self._call.raw
            piece = raw.body if raw and not self.ended else b""
            self.ended = True
            return piece
        try:
            piece = self._rest.read()
        except TransportFailure as failure:
            error = self._call.truncated_body(failure)
        else:
            self.ended = not piece
            return piece
        raise error

    def parse_error(self, what: str, start: bytes, place: bytes) -> ByteHouseError:
        """Return the error that the body amounts to if it is not understood."""
        return self._call.parse_error(what, start, place)

    def judge(self, fields: Mapping[str, Any]) -> None:
        """Raise the error that the body tells of beside its rows, if it does."""
        self._call.judge(fields)

    def close(self) -> None:
        """Close it; what has not been read is lost."""
        if self._rest is not None:
            self._rest.close()
