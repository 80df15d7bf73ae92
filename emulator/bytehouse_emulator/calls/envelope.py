"""The envelope of responses that carry a message and an error beside their data."""

from __future__ import annotations

from typing import Any


def success(data: object = None, meta: object = None) -> dict[str, Any]:
    """Return the envelope of a success.

    The documented samples show an error object beside `Success` without its content: that code and
    message are empty is inferred.
    """
    response: dict[str, Any] = {"message": "Success", "error": {"code": "", "message": ""}}
    optional = {"meta": meta, "data": data}
    return response | {key: value for key, value in optional.items() if value is not None}
