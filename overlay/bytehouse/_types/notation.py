"""Read arrays, tuples and maps in ClickHouse's own notation, which CSV files have."""

from __future__ import annotations

import re
from typing import Any

from .parse import unquoted
from .values import Unfit, shown

__all__ = ["read_notation"]

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.|'')*'|[\[\](){},:]|[^\[\](){},:'\s]+)\s*", re.DOTALL)
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def read_notation(text: str) -> Any:
    """Return the list, tuple or dict that a text stands for.

    Numbers and words in it stay strings, as in a line of CSV; NULL is None.

    Raises:
        Unfit: The text is none of these.
    """
    tokens: list[str] = []
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() != end:
            break
        tokens.append(found[1])
        end = found.end()
    tokens.reverse()
    try:
        if end != len(text) or not tokens or tokens[-1] not in _CLOSING:
            raise IndexError
        value = _value(tokens)
        if tokens:
            raise IndexError
    except (IndexError, TypeError, RecursionError):
        raise Unfit(f"{shown(text)} is not written as [...], (...) or {{...}}") from None
    return value


def _value(tokens: list[str]) -> Any:
    """Consume a value from the end of the tokens."""
    token = tokens.pop()
    if token in _CLOSING:
        items = _items(tokens, _CLOSING[token], pairs=token == "{")
        return dict(items) if token == "{" else tuple(items) if token == "(" else items
    if token[0] == "'":
        return unquoted(token)
    if token in "])},:":
        raise IndexError
    return None if token == "NULL" else token


def _items(tokens: list[str], closing: str, *, pairs: bool) -> list[Any]:
    items: list[Any] = []
    while tokens[-1] != closing:
        item = _value(tokens)
        if pairs:
            if tokens.pop() != ":":
                raise IndexError
            item = (item, _value(tokens))
        items.append(item)
        if tokens[-1] != closing and tokens.pop() != ",":
            raise IndexError
    tokens.pop()
    return items
