"""Answer with what a client must not choke on: broken JSON, new words, new keys, a cursor again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

Distortion = Literal["", "malformed", "repeated_cursor", "unknown_enum", "extra_fields"]
_WORDS: Final = frozenset({"status", "state", "type", "mode"})
_NEW_WORD: Final = "SOMETHING_NEW"
_EXTRA: Final = {"nested": {"list": [1, None, "x"]}, "number": 1 << 62}


def distort(kind: Distortion, body: bytes, cursor: str) -> bytes:
    """Answer with a body gone wrong; `cursor` is the one that was asked for."""
    if not kind:
        return body
    if kind == "malformed":
        return body.rstrip()[:-1]
    answer = msgspec.json.decode(body)
    if kind == "repeated_cursor":
        if isinstance(meta := answer.get("meta"), dict) and cursor:
            meta["cursor"] = cursor
    else:
        _walk(answer, _rename if kind == "unknown_enum" else _extend)
    return msgspec.json.encode(answer)


def _walk(value: Any, change: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _walk(inner, change)
        change(value)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, change)


def _rename(found: dict[str, Any]) -> None:
    for key in _WORDS & found.keys():
        if isinstance(found[key], str):
            found[key] = _NEW_WORD


def _extend(found: dict[str, Any]) -> None:
    found["somethingNew"] = _EXTRA
