"""JSON responses, with the id that every response carries."""

from __future__ import annotations

from uuid import uuid4

import msgspec
from starlette.responses import Response


def common_headers() -> dict[str, str]:
    """Return the headers of every response."""
    return {"X-Request-Id": uuid4().hex}


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Encode a body as a JSON response."""
    content = msgspec.json.encode(body)
    return Response(content, status, {**common_headers(), **(headers or {})}, "application/json")
