"""Responses of calls that meet a fault."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bytehouse_emulator.http.responses import common_headers
from bytehouse_emulator.simulation.distortions import distort
from bytehouse_emulator.simulation.faults import Fault

# The server's own object for the connection; ASGI has no other way to drop it.
CONNECTION: Final = "bytehouse_emulator.connection"


class Dropped(Response):
    """No response: the connection is dropped."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Drop the connection."""
        scope[CONNECTION].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Truncated(Response):
    """A response whose body ends half-way."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        # The server drops the connection on return, because the body is not complete.


def replacement(fault: Fault) -> Response:
    """Return the response of a fault, in place of the operation's."""
    if fault.drop:
        return Dropped()
    headers = {"Content-Type": fault.content_type, **fault.headers}
    return Response(fault.body, fault.status, headers)


def distorted(fault: Fault, body: bytes, cursor: str) -> Response:
    """Return the response of an operation, distorted or truncated."""
    kind = _Truncated if fault.truncate else Response
    body = distort(fault.distort, body, cursor)
    return kind(body, media_type="application/json", headers=common_headers())
