"""Turn a ClickHouse type into what checks and writes a column of its values.

Columns of an INSERT are converted as columns: lists of Python values, or Arrow arrays. An element
of a container is written as a value of its own type would be, however deep it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress, islice, repeat
from typing import Any

import attrs

from ..errors import InvalidArgument
from .arrow_columns import arrow_column, arrow_texts
from .codecs import element_name, parse_column_type, unwrap
from .notation import read_notation
from .parse import ColumnType
from .times import moment_scalar
from .values import (
    FLOAT_MAXIMA,
    Literals,
    Unfit,
    is_missing,
    not_of_type,
    plain,
    shown,
    value_scalar,
)

__all__ = ["Writer", "writer_of"]

# Values of a column: a list, or an Arrow array.
Values = Any
Write = Callable[[Values], Literals]


@attrs.frozen
class Writer:
    """How the values of a column are written.

    Attributes:
        texts: Returns the literals of a list of values or of an Arrow array. Raises `Unfit` if a
            value is none of the type.
        holds_nan: Whether nan is a value of the type.
    """

    texts: Write
    holds_nan: bool


@lru_cache(maxsize=1024)
def writer_of(type_: str) -> Writer:
    """Return what writes the values of a column.

    Raises:
        InvalidArgument: Values of the type cannot be checked.
    """
    kind, may_be_null = parse_column_type(type_)
    texts = _texts_of(kind, in_call=_has_floats(kind))
    is_float = kind.name in FLOAT_MAXIMA
    if is_float:
        # The fast parser reads some floats inexactly; an expression is read exactly.
        texts = _in_parentheses(texts)
    return Writer(_with_nulls(texts) if may_be_null else _without_nulls(texts), is_float)


def _in_parentheses(texts: Write) -> Write:
    return lambda values: [f"({text})" for text in texts(values)]


def _wrapped(texts: Write, wrap: Callable[[str], str]) -> Write:
    return lambda values: list(map(wrap, texts(values)))


def _has_floats(kind: ColumnType) -> bool:
    """Return whether a container has floats in it, so that it is written as a function call."""
    inner = unwrap(kind).arguments if _is_container(unwrap(kind)) else ()
    return any(unwrap(part).name in FLOAT_MAXIMA or _has_floats(part) for part in inner)


def _is_container(kind: ColumnType) -> bool:
    return kind.name in ("Array", "Map", "Tuple", "Nullable")


def _texts_of(kind: ColumnType, *, in_call: bool) -> Write:
    """Return what writes values of a type that are not missing."""
    kind = unwrap(kind)
    if _is_container(kind) and kind.arguments:
        container = _container_texts(kind, in_call=in_call)
        if container is not None:
            return _with_notation(container)
    try:
        scalar = value_scalar(kind) or moment_scalar(kind)
    except (ValueError, IndexError, StopIteration):
        scalar = None
    if scalar is None:
        raise InvalidArgument(f"Values of type {kind} cannot be checked.")

    def texts(values: Values) -> Literals:
        if isinstance(values, list):
            found = scalar.bulk(values, set(map(type, values))) if values else []
            return [scalar.write(plain(value)) for value in values] if found is None else found
        found = arrow_texts(kind, values.array)
        return texts(values.to_list()) if found is None else found

    return _wrapped(texts, scalar.in_call) if in_call else texts


def _container_texts(kind: ColumnType, *, in_call: bool) -> Write | None:
    inner = [_element(part, in_call=in_call) for part in kind.arguments]
    match kind.name, inner:
        case "Array", [items]:
            return _array(items, "array({})" if in_call else "[{}]")
        case "Map", [keys, values]:
            return _map(keys, values, "map({})" if in_call else "{{{}}}", "," if in_call else ":")
        case "Tuple", _:
            names = [element_name(part) for part in kind.arguments]
            return _tuple(names, inner, "tuple({})" if in_call else "({})")
    return None


def _with_notation(texts: Write) -> Write:
    """Take Arrow's strings too: what containers are written as."""
    return lambda values: texts(
        values if isinstance(values, list) or not values.is_text() else values.to_list()
    )


def _element(kind: ColumnType, *, in_call: bool) -> Write:
    kind = unwrap(kind)
    if kind.name == "Nullable" and len(kind.arguments) == 1:
        return _with_nulls(_texts_of(kind.arguments[0], in_call=in_call))
    return _without_nulls(_texts_of(kind, in_call=in_call))


_NEVER_MISSING = frozenset({int, str, float, bool, bytes, list, tuple, dict})


def _missing(values: Values) -> list[bool] | None:
    """Return which values are missing; None if none is."""
    if not isinstance(values, list):
        nulls: list[bool] | None = values.missing()
        return nulls
    if set(map(type, values)) <= _NEVER_MISSING:
        return None
    found = list(map(is_missing, values))
    return found if any(found) else None


def _with_nulls(texts: Write) -> Write:
    def with_nulls(values: Values) -> Literals:
        values = arrow_column(values)
        missing = _missing(values)
        if missing is None:
            return texts(values)
        present = (
            list(compress(values, (not one for one in missing)))
            if isinstance(values, list)
            else values.without_missing()
        )
        found = iter(texts(present))
        return ["NULL" if one else next(found) for one in missing]

    return with_nulls


def _without_nulls(texts: Write) -> Write:
    def without_nulls(values: Values) -> Literals:
        values = arrow_column(values)
        if _missing(values) is not None:
            raise Unfit("NULL, and the type is not Nullable")
        return texts(values)

    return without_nulls


def _array(items: Write, form: str) -> Write:
    def texts(values: Values) -> Literals:
        if isinstance(values, list):
            lists = values if set(map(type, values)) <= {list} else list(map(_as_list, values))
            lengths: Iterable[int] = map(len, lists)
            flat: Values = list(chain.from_iterable(lists))
        else:
            lengths, flat = values.items()
        found = iter(items(flat))
        return [form.format(",".join(islice(found, length))) for length in lengths]

    return texts


def _as_list(value: Any) -> list[Any]:
    """Return what is a sequence of items as a list."""
    value = read_notation(value) if isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return list(value)
    if hasattr(value, "tolist") and type(value).__module__.split(".")[0] in ("numpy", "pandas"):
        # tolist() of NumPy datetimes can be bare numbers.
        times = getattr(value.dtype, "kind", "") in "mM"
        found = list(value) if times else value.tolist()
        if isinstance(found, list):
            return found
    raise not_of_type(value, "a list")


def _map(keys: Write, items: Write, form: str, colon: str) -> Write:
    def texts(values: Values) -> Literals:
        if isinstance(values, list):
            pairs = list(map(_as_pairs, values))
            lengths: Iterable[int] = list(map(len, pairs))
            flat_keys: Values = [key for each in pairs for key, _ in each]
            flat: Values = [item for each in pairs for _, item in each]
        else:
            lengths, flat_keys, flat = values.pairs()
        found = map(colon.join, zip(keys(flat_keys), items(flat), strict=True))
        return [form.format(",".join(islice(found, length))) for length in lengths]

    return texts


def _as_pairs(value: Any) -> Sequence[tuple[Any, Any]]:
    value = read_notation(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return list(value.items())
    # What pandas makes of a Map.
    if isinstance(value, list) and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        return value
    raise not_of_type(value, "a mapping")


def _tuple(names: Sequence[str], elements: Sequence[Write], form: str) -> Write:
    keys = [name or str(at) for at, name in enumerate(names, 1)]

    def texts(values: Values) -> Literals:
        columns: Iterator[Values] | Sequence[Values]
        if isinstance(values, list):
            rows = [_as_tuple(value, keys) for value in values]
            columns = map(list, zip(*rows, strict=True)) if rows else repeat([], len(keys))
        else:
            columns = values.fields(keys)
        found = [write(column) for write, column in zip(elements, columns, strict=True)]
        return [form.format(",".join(row)) for row in zip(*found, strict=True)]

    return texts


def _as_tuple(value: Any, keys: Sequence[str]) -> Sequence[Any]:
    found: Any = read_notation(value) if isinstance(value, str) else value
    if attrs.has(type(value)) or hasattr(type(value), "__dataclass_fields__"):
        found = {key: getattr(value, key) for key in keys if hasattr(value, key)}
        if len(found) < len(keys):
            raise Unfit(f"{shown(value)} lacks one of {', '.join(keys)}")
    if isinstance(found, Mapping):
        if found.keys() != set(keys):
            raise Unfit(f"{shown(value)} does not have the keys {', '.join(keys)}")
        return [found[key] for key in keys]
    if not isinstance(found, tuple | list):
        raise not_of_type(value, "a tuple")
    if len(found) != len(keys):
        raise Unfit(f"{shown(value)} has {len(found)} elements, not {len(keys)}")
    return found
