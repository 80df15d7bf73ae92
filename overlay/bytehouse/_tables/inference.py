"""Infer columns from dataclasses and from schemas and data of pyarrow, pandas and polars.

None of these libraries is imported: an object of one shows that it is imported already, and the
module of its type says which it is.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from ipaddress import IPv4Address, IPv6Address
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Protocol, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs

from ..errors import InvalidArgument


class _HasSchema(Protocol):
    @property
    def schema(self) -> Any: ...


class _HasDtypes(Protocol):
    @property
    def dtypes(self) -> Any: ...


class _ArrowSchema(Protocol):
    @property
    def types(self) -> Any: ...
    @property
    def pandas_metadata(self) -> Any: ...


ColumnSource = type | _ArrowSchema | _HasSchema | _HasDtypes


class Described(NamedTuple):
    """Describe a column as its source defines it.

    Attributes:
        name: Name.
        type: ClickHouse type, without NULL.
        nullable: Whether NULL is a value of it.
        explicit: Whether `nullable` was stated; types of a library often cannot rule NULL out.
    """

    name: str
    type: str
    nullable: bool
    explicit: bool


class _Field(NamedTuple):
    name: object
    kind: Any
    nullable: bool


class _UnknownKind(Exception):
    """A type has no counterpart."""

    def __init__(self, kind: object, why: str = "has no ClickHouse type of its own") -> None:
        super().__init__(f"{kind} {why}")


_PYTHON = {
    bool: "Bool",
    int: "Int64",
    float: "Float64",
    str: "String",
    bytes: "String",
    datetime: "DateTime64(6, 'UTC')",
    date: "Date32",
    UUID: "UUID",
    IPv4Address: "IPv4",
    IPv6Address: "IPv6",
}
_INTEGERS = {f"{sign}int{n}" for sign in ("", "u") for n in (8, 16, 32, 64, 128)}
_LIBRARY_TYPES = {
    **{name: name.replace("u", "U").replace("i", "I") for name in _INTEGERS},
    **dict.fromkeys(("bool", "boolean", "extension<arrow.bool8>"), "Bool"),
    **dict.fromkeys(("halffloat", "float16", "float", "float32"), "Float32"),
    **dict.fromkeys(("double", "float64"), "Float64"),
    **dict.fromkeys(("string", "large_string", "string_view", "str"), "String"),
    **dict.fromkeys(("binary", "large_binary", "binary_view", "bytes"), "String"),
    **dict.fromkeys(("date32[day]", "date64[ms]", "date"), "Date32"),
    **dict.fromkeys(("categorical", "enum"), "LowCardinality(String)"),
    "extension<arrow.uuid>": "UUID",
}
"""ClickHouse types by the names, in lower case, that pyarrow, pandas and polars have for theirs."""
_OBJECTS = frozenset({"string", "bytes", "boolean", "date"})
"""What the values of a pandas column of objects may be, as pandas calls it."""
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_DATETIME = re.compile(r"(?:timestamp|datetime64)\[(\w+)(?:, (?:tz=)?(.+))?\]")
_ZONE = re.compile(r"[A-Za-z_]+(?:/[\w+-]+)*")
_ARROW_FIGURES = re.compile(r"decimal\d+\((\d+, \d+)\)|fixed_size_binary\[(\d+)\]")


def describe(source: object, types: Mapping[str, str] | None = None) -> list[Described] | None:
    """Return the columns that a source describes; None if it is not a known source.

    Args:
        source: A dataclass or attrs class; a pyarrow schema, table or record batch; a pandas
            frame; a polars frame or schema.
        types: ClickHouse types of columns that the source has none for, or another, by name.

    Raises:
        InvalidArgument: A column has no name, or a type that has no counterpart; or `types` names a
            column that is not there.
    """
    found = _fields_of(source)
    if found is None:
        return None
    fields, to_type, explicit = found
    types = types or {}
    columns = []
    for name, kind, nullable in fields:
        if not isinstance(name, str):
            raise InvalidArgument(f"The name of a column must be a string, not {name!r}.")
        try:
            text = types.get(name) or to_type(kind)
        except _UnknownKind as unknown:
            raise InvalidArgument(
                f"Column {name!r}: {unknown}.",
                hint=f'Specify its type: columns_from(..., types={{"{name}": "..."}}).',
            ) from None
        columns.append(Described(name, text, nullable and not _is_composite(text), explicit))
    if unknown_names := sorted(set(types) - {column.name for column in columns}):
        raise InvalidArgument(f"types names unknown columns: {', '.join(unknown_names)}.")
    return columns


def _fields_of(source: Any) -> tuple[Iterable[_Field], Callable[[Any], str], bool] | None:
    if isinstance(source, type):
        return (_class_fields(source), _of_hint, True) if _is_record(source) else None
    match type(source).__module__.partition(".")[0]:
        case "pyarrow":
            schema = getattr(source, "schema", source)
            return [_Field(f.name, f.type, f.nullable) for f in schema], _of_arrow, False
        case "polars":
            schema = source.collect_schema() if hasattr(source, "collect_schema") else source
            return [_Field(n, kind, True) for n, kind in schema.items()], _of_polars, False
        case "pandas" if hasattr(source, "columns"):
            return _frame_fields(source), _of_pandas, False
        case _:
            return None


def nullable_type(text: str, nullable: bool = True) -> str:
    """Return the type with NULL among its values, where ClickHouse has such a type."""
    if not nullable or _is_composite(text) or "Nullable(" in text:
        return text
    if text.startswith("LowCardinality("):
        return f"LowCardinality({nullable_type(text[15:-1])})"
    return f"Nullable({text})"


def _is_composite(text: str) -> bool:
    return text.startswith(("Array(", "Map(", "Tuple("))


def _tuple(parts: Iterable[tuple[str, str]]) -> str:
    named = [
        f"{name if name.isidentifier() else '`' + name.replace('`', '') + '`'} {kind}"
        for name, kind in parts
    ]
    return f"Tuple({', '.join(named)})"


def _datetime(unit: str, zone: str | None) -> str:
    # A zone only affects how timestamps are displayed. To the engine an offset is not a zone;
    # without one, the display would depend on the server.
    zone = zone if zone and _ZONE.fullmatch(zone) else "UTC"
    return f"DateTime64({_DIGITS[unit]}, '{zone}')"


# -- dataclasses ----------------------------------------------------------------------------------


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or attrs.has(kind))


def _class_fields(cls: Any) -> list[_Field]:
    fields = dataclasses.fields if dataclasses.is_dataclass(cls) else attrs.fields
    names = [field.name for field in fields(cls)]
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise InvalidArgument(
            f"The types of {cls.__name__} cannot be read: {error}.",
            hint="Define them where the module can see them.",
        ) from None
    kinds = {name: hints.get(name, Any) for name in names}
    return [_Field(name, kind, _without_none(kind)[1]) for name, kind in kinds.items()]


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return a hint without None, and whether None was in it."""
    hint = getattr(hint, "__supertype__", getattr(hint, "__value__", hint))
    if get_origin(hint) is Annotated:
        return hint, _without_none(hint.__origin__)[1]
    if get_origin(hint) not in (Union, UnionType) or NoneType not in get_args(hint):
        return hint, False
    rest = [kind for kind in get_args(hint) if kind is not NoneType]
    return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007 - built


def _of_hint(hint: Any) -> str:
    hint, nullable = _without_none(hint)
    text = _of_plain_hint(hint)
    if nullable and _is_composite(text):
        raise _UnknownKind(text, "cannot be NULL")
    return text


def _of_plain_hint(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        types = [text for text in hint.__metadata__ if isinstance(text, str)]
        return types[0] if types else _of_plain_hint(_without_none(hint.__origin__)[0])
    if isinstance(hint, type) and hint in _PYTHON:
        return _PYTHON[hint]
    if _is_record(hint):
        return _tuple((str(field.name), _inner(field.kind)) for field in _class_fields(hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple and arguments[1:] == (Ellipsis,):
        origin, arguments = list, arguments[:1]
    if arguments and (many := _COLLECTIONS.get(origin)):
        return f"{many}({', '.join(map(_inner, arguments))})"
    raise _UnknownKind(hint.__qualname__ if isinstance(hint, type) else hint)


def _inner(hint: Any) -> str:
    return nullable_type(_of_hint(hint), _without_none(hint)[1])


_COLLECTIONS: dict[Any, str] = {
    **dict.fromkeys((list, set, frozenset, Sequence, MutableSequence, AbstractSet), "Array"),
    **dict.fromkeys((dict, Mapping, MutableMapping), "Map"),
    tuple: "Tuple",
}


# -- pyarrow --------------------------------------------------------------------------------------


def _of_arrow(kind: Any) -> str:
    text = str(kind)
    if text in _LIBRARY_TYPES:
        return _LIBRARY_TYPES[text]
    if found := _DATETIME.fullmatch(text):
        return _datetime(found[1], found[2])
    if found := _ARROW_FIGURES.fullmatch(text):
        return f"Decimal({found[1]})" if found[1] else f"FixedString({found[2]})"
    return _of_nested_arrow(kind, text)


def _of_nested_arrow(kind: Any, text: str) -> str:
    match text.partition("<")[0]:
        case "list" | "large_list" | "fixed_size_list" | "list_view" | "large_list_view":
            return f"Array({_of_arrow_field(kind.value_field)})"
        case "map":
            return f"Map({_of_arrow(kind.key_type)}, {_of_arrow_field(kind.item_field)})"
        case "struct":
            return _tuple((field.name, _of_arrow_field(field)) for field in kind)
        case "dictionary":
            inner = _of_arrow(kind.value_type)
            return f"LowCardinality({inner})" if inner == "String" else inner
        case _:
            raise _UnknownKind(f"the pyarrow type {text}")


def _of_arrow_field(field: Any) -> str:
    return nullable_type(_of_arrow(field.type), field.nullable)


# -- pandas ---------------------------------------------------------------------------------------


def _frame_fields(frame: Any) -> Iterable[_Field]:
    for place, (name, dtype) in enumerate(frame.dtypes.items()):
        # NumPy's integers and booleans are the only types without a missing value.
        not_null = str(dtype) == "bool" or str(dtype) in _INTEGERS
        yield _Field(name, frame.iloc[:, place], not not_null)


def _of_pandas(series: Any) -> str:
    text = str(series.dtype)
    if text.lower() in _LIBRARY_TYPES:
        return _LIBRARY_TYPES[text.lower()]
    if found := _DATETIME.fullmatch(text):
        return _datetime(found[1], found[2])
    if hasattr(series.dtype, "pyarrow_dtype"):
        return _of_arrow(series.dtype.pyarrow_dtype)
    if text == "category":
        inner = _of_pandas(series.dtype.categories)
        return f"LowCardinality({inner})" if inner == "String" else inner
    if text == "object":
        # pandas is imported: the frame is one of its own.
        held = sys.modules["pandas"].api.types.infer_dtype(series, skipna=True)
        if held in _OBJECTS:
            return _LIBRARY_TYPES[held]
        raise _UnknownKind(f"the pandas type object, holding what pandas calls {held},")
    raise _UnknownKind(f"the pandas type {text}")


# -- polars ---------------------------------------------------------------------------------------


def _of_polars(kind: Any) -> str:
    text = str(kind)
    name = text.partition("(")[0]
    if name.lower() in _LIBRARY_TYPES:
        return _LIBRARY_TYPES[name.lower()]
    if name != text:  # a type without arguments does not define them
        match name:
            case "Datetime":
                return _datetime(kind.time_unit, kind.time_zone)
            case "Decimal" if kind.precision is not None:
                return f"Decimal({kind.precision}, {kind.scale})"
            case "List" | "Array":
                return f"Array({nullable_type(_of_polars(kind.inner))})"
            case "Struct":
                return _tuple((f.name, nullable_type(_of_polars(f.dtype))) for f in kind.fields)
    raise _UnknownKind(f"the polars type {text}")
