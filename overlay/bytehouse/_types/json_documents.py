"""Check JSON documents, and write them as text that the engine stores as it is.

The engine makes columns of a document's paths, and chooses their types by the values. What would
become another value by that is refused; `JSON_SETTINGS` keep it from reading strings as numbers or
times. It does not keep null as the value of a key, nor a key whose value is an empty object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .parse import ColumnType

__all__ = ["JSON_SETTINGS", "can_check_json", "has_json", "json_text", "with_unique_keys"]

JSON_SETTINGS = (
    "input_format_json_try_infer_numbers_from_strings = 0, input_format_try_infer_dates = 0, "
    "input_format_try_infer_datetimes = 0, input_format_json_read_bools_as_numbers = 0, "
    "input_format_json_infer_incomplete_types_as_strings = 1"
)


_FLOAT_BITS = 53


def has_json(kind: ColumnType) -> bool:
    """Return whether a type is JSON or has JSON in it."""
    return kind.name == "JSON" or any(map(has_json, kind.arguments))


def can_check_json(kind: ColumnType) -> bool:
    """Return whether a JSON type has only paths whose types the engine chooses."""
    return all(argument.name.startswith("max_dynamic_") for argument in kind.arguments)


def json_text(value: Any) -> str:
    """Return the text of a document: a mapping, or the text of an object.

    Raises:
        TypeError, ValueError, ArithmeticError, RecursionError: The value is none, or would not be
            kept as it is.
    """
    if isinstance(value, str | bytes):
        value = json.loads(
            value,
            object_pairs_hook=with_unique_keys,
            parse_float=_exact_float,
            parse_constant=_no_constant,
        )
    if not isinstance(value, Mapping):
        raise TypeError("it is no object")
    return json.dumps(_checked(value), allow_nan=False, ensure_ascii=False)


def with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of some pairs; raise ValueError if a key is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _exact_float(text: str) -> float:
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise ValueError(f"{text} has more digits than a float holds")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _checked(value: Any) -> Any:
    """Return a part of a document, as `json.dumps` takes it."""
    match value:
        case Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"the key {key!r} is not a string")
                if "." in key:
                    raise ValueError(f"the key {key!r} would become a path, because of its dot")
            return {key: _checked(item) for key, item in value.items()}
        case list() | tuple():
            items = list(map(_checked, value))
            numbers = list(_numbers(items))
            # Beside a float, all become floats.
            wrong = [n for n in numbers if isinstance(n, int) and n.bit_length() > _FLOAT_BITS]
            if wrong and any(isinstance(number, float) for number in numbers):
                raise ValueError(f"{wrong[0]} is beside floats, which do not hold it")
            return items
        case int() if not -(2**63) <= value < 2**64:
            raise ValueError(f"{value} has more than 64 bits")
        case Decimal():
            return _exact_float(str(value))
        case _ if type(value).__module__ == "numpy" and not isinstance(value, str | bytes):
            # What has no number of Python is none of JSON either.
            return value if (plain := value.tolist()) is value else _checked(plain)
        case _:
            return value


def _numbers(value: Any) -> Iterator[Any]:
    for item in value:
        if isinstance(item, list | tuple):
            yield from _numbers(item)
        elif isinstance(item, int | float):
            yield item
