"""What a transport takes and returns. It needs no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from .._core.secrets import Secret
    from .async_transport import AsyncResponseStream
    from .sync_transport import ResponseStream

__all__ = ["Request", "Response", "TransportFailure"]


@attrs.frozen
class Request:
    """Hold one attempt of a call, ready to be sent. Its repr shows no header and no body.

    `timeout` is in seconds. With `streamed`, the body of a success is left to be read piece by
    piece.
    """

    method: str
    url: str
    headers: Mapping[str, str | Secret] = attrs.field(repr=False)
    content: bytes | None = attrs.field(repr=False)
    timeout: float
    streamed: bool = False


@attrs.frozen
class Response:
    """Hold a response.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: Body, with its content encoding undone.
        complete: Whether the body is complete.
        elapsed: Seconds from sending to the last byte.
        refused: Why the rest of the body was not read, as a clause of a message; empty if it was.
        stream: The body, where it is still to be read.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    complete: bool
    elapsed: float
    refused: str = ""
    stream: ResponseStream | AsyncResponseStream | None = attrs.field(default=None, repr=False)


class TransportFailure(Exception):
    """Report an attempt without a response, or a body that was truncated.

    Attributes:
        sent: Whether the request may have reached the service.
        timed_out: Whether time ran out.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timed_out = timed_out
