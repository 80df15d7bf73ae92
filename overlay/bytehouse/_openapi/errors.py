"""The one error of reading and matching a specification."""

from __future__ import annotations

from ..errors import ByteHouseError

__all__ = ["UpstreamError"]


class UpstreamError(ByteHouseError):
    """Say why a specification cannot be used: it cannot be had, is none, or is of another API."""
