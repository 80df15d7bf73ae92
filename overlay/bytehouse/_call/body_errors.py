"""Turn what goes wrong in a body that is read piece by piece into errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bytehouse_raw.types import RawResponse

from .._api.status import Phase, phase_of
from .._transport.models import Response, TransportFailure
from ..errors import ByteHouseError, TimedOut
from .call_context import CallContext
from .redaction import Redaction
from .responses import TRUNCATED, decode_error, engine_error_in, error_in


class BodyErrors:
    """Make the errors of one streamed body.

    Args:
        raw: The response, without its body.
        redaction: Removes the secrets of the call.
        context: What an error says of its call.
    """

    def __init__(self, raw: RawResponse, redaction: Redaction, context: CallContext) -> None:
        self._raw = raw
        self._redaction = redaction
        self._context = context

    def truncated_body(self, failure: TransportFailure) -> ByteHouseError:
        """Return the error for a body that could not be read to its end."""
        if failure.timed_out:
            return self._context.add_to(TimedOut("time ran out while the response was read"))
        return self._context.add_to(decode_error(self._part(b""), f"{TRUNCATED} ({failure})"))

    def parse_error(self, problem: str, start: bytes, position: bytes) -> ByteHouseError:
        """Return the error for a body that was read and cannot be parsed.

        Args:
            problem: What is wrong with it.
            start: The first part of the body.
            position: The part of the body that cannot be parsed.
        """
        part = self._part(position)
        if position and not start.startswith(position):
            problem = f"{problem}, at {part.body[:60].decode('utf-8', 'replace')!r}"
        error = engine_error_in(part) or decode_error(self._part(start), problem)
        return self._context.add_to(error)

    def redacted(self, error: ByteHouseError) -> ByteHouseError:
        """Return an error about a row, which may repeat a value of it, without the secrets."""
        return self._redaction.error(error)

    def check_fields(self, fields: Mapping[str, Any]) -> None:
        """Check the fields that accompany the rows of a success.

        Raises:
            APIError: They report an error.
        """
        found = {key: fields[key] for key in ("error", "exception", "message") if key in fields}
        if phase_of(fields.get("status")) in (Phase.FAILED, Phase.CANCELLED):
            found.setdefault("error", found.get("message") or fields["status"])
        if not found.get("error") and found.get("exception"):
            found["error"] = found["exception"]
        part = self._part(json.dumps(found, default=str).encode())
        error = error_in(part, json.loads(part.body), 0.0)
        if error is not None:
            raise self._context.add_to(error)

    def _part(self, body: bytes) -> Response:
        """Return a part of the body as a response of its own."""
        raw = self._raw
        return self._redaction.response(
            Response(raw.status, raw.headers, body, complete=False, elapsed=raw.elapsed)
        )
