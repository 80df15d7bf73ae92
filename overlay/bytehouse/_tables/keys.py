"""Convert the keys and the time to live of a table to forms that can be compared.

One key can be written in several ways: as columns, as an expression, in quotes and parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bytehouse_raw import models

from .._types.parse import tokens

Forms = tuple[str, ...]
NOTHING: Forms = ("none",)

_WORD = re.compile(r"\w")
_TRUNCATION = re.compile(r"toStartOf(Minute|Hour|Day|Month)\((\w+)\)")
AGE = re.compile(
    r"(?:toDate(?:Time)?\()?(\w+)\)?\+(?:toInterval(\w+)\((\d+)\)|interval\s?'?(\d+)'?\s?(\w+))",
    re.IGNORECASE,
)
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def expressions(text: str) -> list[str]:
    """Split a key into its expressions, without unnecessary quotes, parentheses and spaces."""
    found, depth, previous = [""], 0, ""
    for word in _unwrap(tokens(text)):
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            found.append("")
        else:
            plain = word[1:-1] if word[0] in '`"' and re.fullmatch(r"\w+", word[1:-1]) else word
            between = " " if _WORD.match(previous[-1:]) and _WORD.match(plain) else ""
            found[-1] += between + plain
        previous = word
    return [expression for expression in found if expression]


def _unwrap(words: list[str]) -> list[str]:
    """Remove the parentheses, and the word `tuple`, around the whole."""
    while words:
        inner = words[1:] if words[0] == "tuple" else words
        if inner[:1] != ["("] or _closing(inner) != len(inner) - 1:
            return words
        words = inner[1:-1]
    return words


def _closing(words: list[str]) -> int:
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return place
    return -1


def forms_of(key: object) -> Forms | None:
    """Return the forms in which a key can be written; None if it has no known field."""
    match key:
        case str():
            return _forms_of_parts([key])
        case list() | tuple():
            return _forms_of_parts(key)
        case models.UniqueKey():
            return _forms_of_fields((key.columns, key.expression), key)
        case models.ClusterKey():
            found = _forms_of_fields((key.columns,), key)
            if found and found != NOTHING and isinstance(key.buckets, int):
                found = tuple(f"{form} into {key.buckets} buckets" for form in found)
            return found
        case _:
            return None


def _forms_of_parts(parts: Sequence[object]) -> Forms | None:
    found = [_forms_of_part(part) for part in parts]
    if not all(found):
        return None
    # A part has one form or two: as columns, and as an expression.
    forms = (", ".join(part[place] for part in found) for place in (0, -1))
    return tuple(dict.fromkeys(form or NOTHING[0] for form in forms))


def _forms_of_part(part: object) -> list[str]:
    if isinstance(part, str):
        return [", ".join(expressions(part))]
    return _partition_forms(part) if isinstance(part, models.PartitionKey) else []


def _forms_of_fields(
    values: Iterable[object], key: models.UniqueKey | models.ClusterKey
) -> Forms | None:
    forms = [form for value in values if value is not None for form in forms_of(value) or ()]
    if not forms:
        return None if key.to_dict() else NOTHING
    return tuple(dict.fromkeys(forms))


def _partition_forms(part: models.PartitionKey) -> list[str]:
    found = []
    if isinstance(part.column, str) and part.column:
        unit = part.granularity if isinstance(part.granularity, str) else ""
        found.append(f"{part.column} by {unit.lower()}" if unit else part.column)
    if isinstance(part.expression, str) and part.expression:
        text = ", ".join(expressions(part.expression))
        truncation = _TRUNCATION.fullmatch(text)
        found.append(f"{truncation[2]} by {truncation[1].lower()}" if truncation else text)
    return found


def ttl_forms(ttl: models.TTL | None) -> Forms:
    """Return the forms of a time to live; none if it has no known field."""
    if not isinstance(ttl, models.TTL):
        return ()
    found = []
    if ttl.column and isinstance(ttl.value, int) and isinstance(ttl.unit, str):
        found.append(_age(ttl.column, ttl.value, ttl.unit))
    if isinstance(ttl.expression, str):
        text = ", ".join(expressions(ttl.expression))
        age = AGE.fullmatch(text)
        found.append(_age(age[1], int(age[3] or age[4]), age[2] or age[5]) if age else text)
    return tuple(dict.fromkeys(filter(None, found)))


def _age(column: str, value: int, unit: str) -> str:
    return f"{column} + {value} {unit.upper().removesuffix('S')}"


def keeps_longer(wanted: Forms, actual: Forms) -> bool:
    """Return whether a time to live certainly keeps every row that another one keeps."""
    new, old = _length(wanted[0]), _length(actual[0])
    return new is not None and old is not None and new[:2] == old[:2] and new[2] >= old[2]


def _length(form: str) -> tuple[str, bool, int] | None:
    """Return the column, whether it is counted in months, and how many months or seconds."""
    found = re.fullmatch(r"(.+) \+ (\d+) (\w+)", form)
    if found is None or found[3] not in _SECONDS | _MONTHS:
        return None
    months = found[3] in _MONTHS
    return found[1], months, int(found[2]) * (_SECONDS | _MONTHS)[found[3]]
