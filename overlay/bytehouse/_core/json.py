"""Read and write the JSON of calls."""

from __future__ import annotations

import json
import math
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from .secrets import Secret

# msgspec decodes twice as fast, and takes a fifth of the time of a program's first call to import.
_LARGE = 1 << 14


def decode(body: bytes) -> Any:
    """Return the value of a JSON document; a byte order mark before it is none of it.

    Raises:
        ValueError: It is not JSON, or not in UTF-8.
    """
    body = body.removeprefix(BOM_UTF8)
    try:
        if len(body) < _LARGE:
            return _decoder.decode(body.decode())
        import msgspec

        return msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def encode(value: Any) -> bytes:
    """Return a value as JSON, with its secrets.

    Raises:
        ValueError: A number is not finite, a string has no form in UTF-8, or it holds itself.
        TypeError: A type has no form in JSON.
    """
    try:
        return _encoder.encode(value).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _plain(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
)


def first_string(fields: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    """Return the first non-empty string under one of the keys; None if there is none."""
    return next((fields[k] for k in keys if isinstance(fields.get(k), str) and fields[k]), None)


def bare_name(name: object) -> str:
    """Return the letters and digits of a name, in lower case: its spelling is not documented."""
    return "".join(c for c in str(name).lower() if c.isalnum())


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):  # as msgspec does
        raise ValueError("a number is out of range")
    return value


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
