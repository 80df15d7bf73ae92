"""The error of reading and matching a specification."""

from __future__ import annotations

from bytehouse.errors import ByteHouseError


class UpstreamError(ByteHouseError):
    """A specification cannot be fetched or parsed, or is of another API."""
