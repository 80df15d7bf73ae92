"""Read arrays, tuples and maps in ClickHouse's own notation, which CSV files have."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from .parse import unquoted
from .values import Unfit, shown

__all__ = ["read_notation"]

_WORD = re.compile(
    r"[+-]?(?:\.?\d[\d.]*(?:e[+-]?\d+)?|nan|inf(?:inity)?)|true|false", re.IGNORECASE | re.ASCII
)
_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.|'')*'|[\[\](){},:]|[^\[\](){},:'\s]+)\s*", re.DOTALL)


def read_notation(text: str) -> Any:
    """Return the list, tuple or dict that a text stands for.

    Numbers, true and false in it stay strings, as in a line of CSV; NULL is None. Other words are
    refused: what is written as JSON or Python would be stored with its quotation marks.

    Raises:
        Unfit: The text is none of these.
    """
    words: list[str] = []
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() != end:
            break
        words.append(found[1])
        end = found.end()
    words.reverse()
    value = None
    with suppress(IndexError, TypeError, RecursionError):
        value = _value(words)
    if words or end != len(text) or not isinstance(value, list | tuple | dict):
        raise Unfit(f"{shown(text)} is not written as [...], (...) or {{...}}")
    return value


def _value(words: list[str]) -> Any:
    """Consume a value from the end of the words; raise IndexError if there is none."""
    word = words.pop()
    match word:
        case "[":
            return _items(words, "]")
        case "(":
            return tuple(_items(words, ")"))
        case "{":
            return dict(_items(words, "}"))
        case "NULL":
            return None
        case "]" | ")" | "}" | "," | ":":
            raise IndexError
        case _:
            if word[0] == "'":
                return unquoted(word)
            if not _WORD.fullmatch(word):
                raise IndexError
            return word


def _items(words: list[str], closing: str) -> list[Any]:
    items: list[Any] = []
    while words[-1] != closing:
        item = _value(words)
        if closing == "}":
            _expect(words, ":")
            item = (item, _value(words))
        items.append(item)
        if words[-1] != closing:
            _expect(words, ",")
    words.pop()
    return items


def _expect(words: list[str], mark: str) -> None:
    if words.pop() != mark:
        raise IndexError
