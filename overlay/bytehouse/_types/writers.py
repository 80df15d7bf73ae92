"""Turn a ClickHouse type into what checks and writes a column of its values.

Columns of an INSERT are converted as columns: lists of Python values, or Arrow arrays. An element
of a container is written as a value of its own type would be, however deep it is. What a value
becomes is a form: a literal, or the Python value that clickhouse-connect writes in binary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import lru_cache
from itertools import chain, compress, islice, repeat
from typing import Any

import attrs

from ..errors import InvalidArgument
from .arrow_columns import (
    arrow_column,
    arrow_literals,
    arrow_values,
    converted,
    is_arrow,
    joined,
    with_gaps,
)
from .codecs import element_name, parse_column_type, unwrap
from .notation import read_notation
from .parse import ColumnType
from .times import moment_scalar
from .values import (
    FLOAT_MAXIMA,
    Scalar,
    Unfit,
    can_be_missing,
    field_names,
    is_missing,
    not_of_type,
    plain,
    shown,
    value_scalar,
)

__all__ = ["Write", "Writer", "Written", "one_by_one", "writer_of"]

# Values of a column: a list, or an Arrow array; and what they become, in the same order: a list,
# an Arrow array of literals, or a NumPy array of numbers.
Values = Any
Written = Any
Write = Callable[[Values], Written]
# What writes values of which none is missing, of these types; an Arrow array has none of Python's.
_Typed = Callable[[Values, set[type]], Written]


@attrs.frozen
class Writer:
    """How the values of a column are written.

    Attributes:
        write: Returns what the values of a list or of an Arrow array become, in order. Raises
            `Unfit` if a value is none of the type.
        holds_nan: Whether nan is a value of the type.
    """

    write: Write
    holds_nan: bool


@attrs.frozen
class _Form:
    """What values become.

    Attributes:
        scalar: Returns what writes the values of a type that is no container, with the time zone of
            the server.
        array: Makes a value of its elements; so do `map`, of pairs, and `tuple`.
        null: What NULL becomes.
    """

    scalar: Callable[[ColumnType, Scalar, tzinfo], _Typed]
    array: Callable[[Iterable[Any]], Any]
    map: Callable[[Iterable[tuple[Any, Any]]], Any]
    tuple: Callable[[Iterable[Any]], Any]
    null: Any
    server: tzinfo = UTC


@lru_cache(maxsize=1024)
def writer_of(type_: str, server: tzinfo = UTC, *, binary: bool = False) -> Writer:
    """Return what writes the values of a column: what is checked, and how, is the same either way.

    Args:
        type_: The type.
        server: Time zone of the server, for values without one in columns without one.
        binary: Whether the values become those that clickhouse-connect writes as they are, and not
            literals.

    Raises:
        InvalidArgument: Values of the type cannot be checked.
    """
    kind, may_be_null = parse_column_type(type_)
    # A container of floats is written as a function call.
    form = _BINARY if binary else _CALLS if _has_floats(kind) else _LITERALS
    write = _write_of(kind, attrs.evolve(form, server=server))
    is_float = kind.name in FLOAT_MAXIMA
    if is_float and not binary:
        # The fast parser reads some floats inexactly; an expression is read exactly.
        write = _in_parentheses(write)
    whole = _with_nulls(write, form.null) if may_be_null else _without_nulls(write)
    return Writer(_guarded(whole), is_float)


def _guarded(write: Write) -> Write:
    return lambda values: write(values) if isinstance(values, list) else converted(write, values)


def _in_parentheses(write: _Typed) -> _Typed:
    def in_parentheses(values: Values, types: set[type]) -> Written:
        found = write(values, types)
        if is_arrow(found):
            return joined("(", found, ")")
        return [f"({text})" for text in found]

    return in_parentheses


def _has_floats(kind: ColumnType) -> bool:
    inner = unwrap(kind).arguments if _is_container(unwrap(kind)) else ()
    return any(unwrap(part).name in FLOAT_MAXIMA or _has_floats(part) for part in inner)


def _is_container(kind: ColumnType) -> bool:
    return kind.name in ("Array", "Map", "Tuple", "Nullable")


def _write_of(kind: ColumnType, form: _Form) -> _Typed:
    """Return what writes values of a type that are not missing."""
    kind = unwrap(kind)
    if _is_container(kind) and kind.arguments:
        container = _container(kind, form)
        if container is not None:
            return _with_notation(container)
    try:
        scalar = value_scalar(kind) or moment_scalar(kind, form.server)
    except (ValueError, IndexError, StopIteration):
        scalar = None
    if scalar is None:
        raise InvalidArgument(f"Values of type {kind} cannot be checked.")
    return form.scalar(kind, scalar, form.server)


def _literals(kind: ColumnType, scalar: Scalar, server: tzinfo) -> _Typed:
    def write(values: Values, types: set[type]) -> Written:
        if isinstance(values, list):
            found = scalar.bulk(values, types) if values else []
            return [scalar.write(plain(value)) for value in values] if found is None else found
        found = arrow_literals(kind, values.array, server)
        return _of_python(write, values) if found is None else found

    return write


def _of_python(write: _Typed, values: Values) -> Written:
    """Return what the values of an Arrow array become as values of Python."""
    listed = values.to_list()
    return write(listed, _types_of(listed))


def _literals_in_call(kind: ColumnType, scalar: Scalar, server: tzinfo) -> _Typed:
    literals = _literals(kind, scalar, server)
    return lambda values, types: list(map(scalar.in_call, one_by_one(literals(values, types))))


def _binary(kind: ColumnType, scalar: Scalar, server: tzinfo) -> _Typed:
    literals = _literals(kind, scalar, server)

    def write(values: Values, types: set[type]) -> Written:
        found: Written | None = None
        if not isinstance(values, list):
            found = arrow_values(kind, values.array, server)
        elif values:
            found = scalar.binary(values, types)
        if found is not None:
            return found
        return list(map(scalar.parse, one_by_one(literals(values, types))))

    return write


def _enclosed(form: str, separator: str = ",") -> Callable[[Iterable[Any]], str]:
    return lambda literals: form.format(separator.join(literals))


def _pairs_enclosed(form: str, colon: str) -> Callable[[Iterable[tuple[Any, Any]]], str]:
    return lambda pairs: form.format(",".join(map(colon.join, pairs)))


def _dict(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    given = list(pairs)
    found = dict(given)
    if len(found) < len(given):
        raise Unfit("a key occurs twice, which only `via='rest'` can write")
    return found


_LITERALS = _Form(
    _literals, _enclosed("[{}]"), _pairs_enclosed("{{{}}}", ":"), _enclosed("({})"), "NULL"
)
_CALLS = _Form(
    _literals_in_call,
    _enclosed("array({})"),
    _pairs_enclosed("map({})", ","),
    _enclosed("tuple({})"),
    "NULL",
)
_BINARY = _Form(_binary, list, _dict, tuple, None)


def _container(kind: ColumnType, form: _Form) -> _Typed | None:
    inner = [_element(part, form) for part in kind.arguments]
    match kind.name, inner:
        case "Array", [items]:
            return _array(items, form.array)
        case "Map", [keys, values]:
            return _map(keys, values, form.map)
        case "Tuple", _:
            names = [element_name(part) for part in kind.arguments]
            return _tuple(names, inner, form.tuple)
    return None


def _with_notation(write: _Typed) -> _Typed:
    """Take Arrow's strings too: what containers are written as."""

    def with_notation(values: Values, types: set[type]) -> Written:
        if isinstance(values, list) or not values.is_text():
            return write(values, types)
        return _of_python(write, values)

    return with_notation


def _element(kind: ColumnType, form: _Form) -> Write:
    kind = unwrap(kind)
    if kind.name == "Nullable" and len(kind.arguments) == 1:
        return _with_nulls(_write_of(kind.arguments[0], form), form.null)
    return _without_nulls(_write_of(kind, form))


def _types_of(values: Values) -> set[type]:
    return set(map(type, values)) if isinstance(values, list) else set()


def _missing(values: Values, types: set[type]) -> list[bool] | None:
    """Return which values, of these types, are missing; None if none is."""
    if not isinstance(values, list):
        nulls: list[bool] | None = values.missing()
        return nulls
    if not any(map(can_be_missing, types)):
        return None
    found = list(map(is_missing, values))
    return found if any(found) else None


def one_by_one(written: Written) -> Iterator[Any]:
    """Return what has been written as values of Python."""
    return iter(written.tolist() if hasattr(written, "tolist") else written)


def _with_nulls(write: _Typed, null: Any) -> Write:
    def with_nulls(values: Values) -> Written:
        values = arrow_column(values)
        types = _types_of(values)
        missing = _missing(values, types)
        if missing is None:
            return write(values, types)
        present = (
            list(compress(values, (not one for one in missing)))
            if isinstance(values, list)
            else values.without_missing()
        )
        written = write(present, _types_of(present))
        if is_arrow(written):
            return with_gaps(written, missing, null)
        found = one_by_one(written)
        return [null if one else next(found) for one in missing]

    return with_nulls


def _without_nulls(write: _Typed) -> Write:
    def without_nulls(values: Values) -> Written:
        values = arrow_column(values)
        types = _types_of(values)
        if _missing(values, types) is not None:
            raise Unfit("NULL, and the type is not Nullable")
        return write(values, types)

    return without_nulls


def _array(items: Write, make: Callable[[Iterable[Any]], Any]) -> _Typed:
    def write(values: Values, types: set[type]) -> Written:
        if isinstance(values, list):
            lists = values if types <= {list} else list(map(_as_list, values))
            lengths: Iterable[int] = map(len, lists)
            flat: Values = list(chain.from_iterable(lists))
        else:
            lengths, flat = values.items()
        found = one_by_one(items(flat))
        return [make(islice(found, length)) for length in lengths]

    return write


def _as_list(value: Any) -> list[Any]:
    """Return what is a sequence of items as a list."""
    value = read_notation(value) if isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return list(value)
    is_array = getattr(value, "ndim", 0) > 0
    if is_array and type(value).__module__.split(".")[0] in ("numpy", "pandas"):
        # tolist() of NumPy datetimes can be bare numbers.
        times = getattr(value.dtype, "kind", "") in "mM"
        found = list(value) if times else value.tolist()
        if isinstance(found, list):
            return found
    raise not_of_type(value, "a list")


def _map(keys: Write, items: Write, make: Callable[[Iterable[tuple[Any, Any]]], Any]) -> _Typed:
    def write(values: Values, _: set[type]) -> Written:
        if isinstance(values, list):
            pairs = list(map(_as_pairs, values))
            lengths: Iterable[int] = list(map(len, pairs))
            flat_keys: Values = [key for each in pairs for key, _ in each]
            flat: Values = [item for each in pairs for _, item in each]
        else:
            lengths, flat_keys, flat = values.pairs()
        found = zip(one_by_one(keys(flat_keys)), one_by_one(items(flat)), strict=True)
        return [make(islice(found, length)) for length in lengths]

    return write


def _as_pairs(value: Any) -> Sequence[tuple[Any, Any]]:
    value = read_notation(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return list(value.items())
    # What pandas makes of a Map.
    if isinstance(value, list) and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        return value
    raise not_of_type(value, "a mapping")


def _tuple(
    names: Sequence[str], elements: Sequence[Write], make: Callable[[Iterable[Any]], Any]
) -> _Typed:
    keys = [name or str(at) for at, name in enumerate(names, 1)]

    def write(values: Values, _: set[type]) -> Written:
        columns: Iterator[Values] | Sequence[Values]
        if isinstance(values, list):
            rows = [_as_tuple(value, keys) for value in values]
            columns = map(list, zip(*rows, strict=True)) if rows else repeat([], len(keys))
        else:
            columns = values.fields(keys)
        found = [each(column) for each, column in zip(elements, columns, strict=True)]
        return [make(row) for row in zip(*map(one_by_one, found), strict=True)]

    return write


def _as_tuple(value: Any, keys: Sequence[str]) -> Sequence[Any]:
    found: Any = read_notation(value) if isinstance(value, str) else value
    if fields := field_names(value):
        found = {name: getattr(value, name) for name in fields if hasattr(value, name)}
    if isinstance(found, Mapping):
        if found.keys() != set(keys):
            raise Unfit(f"{shown(value)} does not have the keys {', '.join(keys)}")
        return [found[key] for key in keys]
    if not isinstance(found, tuple | list):
        raise not_of_type(value, "a tuple")
    if len(found) != len(keys):
        raise Unfit(f"{shown(value)} has {len(found)} elements, not {len(keys)}")
    return found
