"""Write the envelope of the answers that carry a message and an error beside their data."""

from __future__ import annotations

from typing import Any


def success(data: object = None, meta: object = None) -> dict[str, Any]:
    """Say that a call went well.

    The documented samples show an error object beside `Success` and nothing of what is in it: that
    its code and message are empty is inferred.
    """
    answer: dict[str, Any] = {"message": "Success", "error": {"code": "", "message": ""}}
    rest = {"meta": meta, "data": data}
    return answer | {key: value for key, value in rest.items() if value is not None}
