"""What a transport takes and gives. It needs no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from .async_transport import AsyncResponseStream
    from .sync_transport import ResponseStream

__all__ = ["Request", "Response", "TransportFailure"]


@attrs.frozen
class Request:
    """Hold one attempt of a call, ready to be sent. Its repr shows no header and no body.

    With `streamed`, the body of a success is left to be read piece by piece.
    """

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes | None = attrs.field(repr=False)
    timeout: float
    streamed: bool = False


@attrs.frozen
class Response:
    """Hold what came back.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: Body, with its content encoding undone.
        complete: Whether the body came whole.
        elapsed: Seconds from sending to the last byte.
        too_large: Whether it was not read to its end, because it is larger than it may be.
        rest: The body, where it is still to be read.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    complete: bool
    elapsed: float
    too_large: bool = False
    rest: ResponseStream | AsyncResponseStream | None = attrs.field(default=None, repr=False)


class TransportFailure(Exception):
    """Say that no response came.

    Attributes:
        sent: Whether the request may have reached the service.
        timed_out: Whether it was time that ran out.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timed_out = timed_out
