"""Write the envelope that the operations on data loading answer with."""

from __future__ import annotations

from typing import Any


def success(data: Any = None, meta: dict[str, Any] | None = None) -> dict[str, Any]:
    """Wrap what a call answers with; the samples show an `error` beside it that means nothing."""
    answer: dict[str, Any] = {"message": "Success", "error": {"code": "", "message": ""}}
    if meta is not None:
        answer["meta"] = meta
    if data is not None:
        answer["data"] = data
    return answer
