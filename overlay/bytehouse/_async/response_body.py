"""Read the body of a response piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._transport.models import TransportFailure

if TYPE_CHECKING:
    from .._call.call import Call
    from .._transport.async_transport import AsyncResponseStream


class AsyncBody:
    """Read the body of the response to a call that is done.

    Attributes:
        errors: Makes the errors of what is in the body.
        ended: Whether its end was reached.
    """

    def __init__(self, call: Call[Any]) -> None:
        self._raw = call.raw
        self.errors = call.body_errors()
        self._stream = cast("AsyncResponseStream | None", call.stream)
        self.ended = False

    async def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TimedOut: The time of the call is over.
            ResponseDecodeError: The body was truncated.
        """
        if self._stream is None:
            # The response was lost and a probe has returned it, as a whole.
            piece = self._raw.body if self._raw and not self.ended else b""
            self.ended = True
            return piece
        try:
            piece = await self._stream.read()
        except TransportFailure as failure:
            error = self.errors.truncated_body(failure)
        else:
            self.ended = not piece
            return piece
        raise error

    async def aclose(self) -> None:
        """Close it; what has not been read is lost."""
        if self._stream is not None:
            await self._stream.aclose()
