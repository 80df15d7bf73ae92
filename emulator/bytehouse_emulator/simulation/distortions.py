"""Distorted responses: broken JSON, unknown values and keys, a repeated cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

Distortion = Literal["", "malformed", "repeated_cursor", "unknown_enum", "extra_fields"]
_ENUMS: Final = frozenset({"status", "state", "type", "mode"})
_UNKNOWN: Final = "SOMETHING_NEW"
_EXTRA: Final = {"nested": {"list": [1, None, "x"]}, "number": 1 << 62}


def distort(kind: Distortion, body: bytes, cursor: str) -> bytes:
    """Return a distorted response body; `cursor` is that of the request."""
    if not kind:
        return body
    if kind == "malformed":
        return body.rstrip()[:-1]
    response = msgspec.json.decode(body)
    if kind == "repeated_cursor":
        if isinstance(meta := response.get("meta"), dict) and cursor:
            meta["cursor"] = cursor
    else:
        _walk(response, _rename_enums if kind == "unknown_enum" else _extend)
    return msgspec.json.encode(response)


def _walk(value: Any, change: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _walk(inner, change)
        change(value)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, change)


def _rename_enums(found: dict[str, Any]) -> None:
    for key in _ENUMS & found.keys():
        if isinstance(found[key], str):
            found[key] = _UNKNOWN


def _extend(found: dict[str, Any]) -> None:
    found["somethingNew"] = _EXTRA
