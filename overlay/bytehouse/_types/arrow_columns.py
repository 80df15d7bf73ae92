"""Write the columns of Arrow data, as columns where Arrow itself checks and converts them.

What Arrow cannot do, or refuses, is written value by value: the values then say what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from itertools import accumulate, pairwise
from typing import Any

from .._core.extras import import_optional
from .codecs import precision_of, timestamp_of, zone_of
from .parse import ColumnType
from .times import DATE_RANGES, DATETIME_SECONDS, zone_info
from .values import FLOAT_MAXIMA, Unfit, integer_bounds, integer_name

__all__ = [
    "ArrowColumn",
    "arrow_column",
    "arrow_texts",
    "arrow_values",
    "is_arrow",
    "joined",
    "nan_as_null",
    "python_value",
    "with_gaps",
]

_UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
# Extension types whose values Arrow itself converts to Python.
_KNOWN_EXTENSIONS = ("arrow.bool8", "arrow.json", "arrow.uuid")


def arrow_column(values: Any) -> Any:
    """Return an Arrow array as an `ArrowColumn`; others unchanged."""
    if isinstance(values, list | ArrowColumn):
        return values
    return ArrowColumn(values)


class ArrowColumn:
    """An Arrow array whose values are to be written."""

    def __init__(self, array: Any) -> None:
        arrow = import_optional("pyarrow", "arrow")
        if isinstance(array, arrow.ChunkedArray):
            array = array.combine_chunks()
        if isinstance(array.type, arrow.BaseExtensionType):
            if array.type.extension_name not in _KNOWN_EXTENSIONS:
                raise Unfit(f"values of type {array.type} have no meaning in a table")
        elif arrow.types.is_dictionary(array.type):
            values = ArrowColumn(array.dictionary).array  # no view, which Arrow cannot decode
            array = arrow.DictionaryArray.from_arrays(array.indices, values).dictionary_decode()
        elif arrow.types.is_run_end_encoded(array.type):
            array = import_optional("pyarrow.compute", "arrow").run_end_decode(array)
        if str(array.type) in ("string_view", "binary_view"):
            array = array.cast(getattr(arrow, f"large_{str(array.type)[:6]}")())
        self.array: Any = array
        self._types = arrow.types

    def missing(self) -> list[bool] | None:
        """Return which values are null; None if none is."""
        return self.array.is_null().to_pylist() if self.array.null_count else None

    def without_missing(self) -> ArrowColumn:
        """Return the values that are not null."""
        return ArrowColumn(self.array.drop_null())

    def is_text(self) -> bool:
        """Return whether the values are strings."""
        return bool(
            self._types.is_string(self.array.type) or self._types.is_large_string(self.array.type)
        )

    def items(self) -> tuple[Sequence[int], Any]:
        """Return the lengths of lists, and all their items."""
        kind = self.array.type
        if not self._is_list(kind):
            raise Unfit(f"values of Arrow type {kind} are not lists")
        lengths = import_optional("pyarrow.compute", "arrow").list_value_length(self.array)
        return lengths.to_pylist(), self.array.flatten()

    def _is_list(self, kind: Any) -> bool:
        types = self._types
        return bool(
            types.is_list(kind)
            or types.is_large_list(kind)
            or types.is_fixed_size_list(kind)
            or types.is_list_view(kind)
            or types.is_large_list_view(kind)
        )

    def pairs(self) -> tuple[Sequence[int], Any, Any]:
        """Return the lengths of maps, or of lists of pairs, and all their keys and values."""
        kind = self.array.type
        lengths: Sequence[int]
        if self._types.is_map(kind):
            offsets = self.array.offsets.to_pylist()
            lengths = [end - begin for begin, end in pairwise(offsets)]
            # Of a slice, keys and items are those of the whole array.
            inside = slice(offsets[0], offsets[-1])
            return lengths, self.array.keys[inside], self.array.items[inside]
        if self._is_list(kind) and getattr(kind.value_type, "num_fields", 0) == 2:
            lengths, entries = self.items()
            return lengths, *entries.flatten()
        raise Unfit(f"values of Arrow type {kind} are not maps")

    def fields(self, keys: Sequence[str]) -> Sequence[Any]:
        """Return the fields of structs: by name, or in their order if either have no names.

        Those that have no names are named by their numbers, from 1.
        """
        kind = self.array.type
        if not self._types.is_struct(kind) or kind.num_fields != len(keys):
            raise Unfit(f"values of Arrow type {kind} are not tuples of {len(keys)}")
        names, numbers = [field.name for field in kind], [str(n + 1) for n in range(len(keys))]
        found = self.array.flatten()
        if set(names) == {*keys}:
            return [found[names.index(key)] for key in keys]
        if numbers not in (names, list(keys)):
            raise Unfit(f"values of Arrow type {kind} do not have the keys {', '.join(keys)}")
        return list(found)

    def to_list(self) -> list[Any]:
        """Return the values as Python values, with nanoseconds.

        Raises:
            Unfit: Python has no such value.
        """
        kind, arrow = self.array.type, import_optional("pyarrow", "arrow")
        try:
            if self._types.is_timestamp(kind) and kind.unit == "ns":
                zone = UTC if kind.tz else None
                utc = self.array.cast(arrow.timestamp("ns", "UTC")) if kind.tz else self.array
                strings = utc.cast(arrow.timestamp("ns")).cast(arrow.string()).to_pylist()
                return [None if text is None else timestamp_of(text, zone) for text in strings]
            if self._types.is_time64(kind):
                # As Python's times, and not without their nanoseconds.
                return list(self.array.cast(arrow.time64("us")).to_pylist())
            if self._types.is_date64(kind):
                return list(self.array.cast(arrow.timestamp("ms")).to_pylist())
            return list(self.array.to_pylist())
        except (arrow.ArrowException, ValueError, OverflowError) as error:
            raise Unfit(f"a value of Arrow type {kind} is none of Python: {error}") from None

    def to_tuples(self) -> list[Any]:
        """Return the values as Python values, with tuples for structs and dicts for maps."""
        if not self._types.is_nested(self.array.type):
            return self.to_list()
        values = self.array.to_pylist(maps_as_pydicts="strict")
        return [_structs_as_tuples(value, self.array.type) for value in values]


def _structs_as_tuples(value: Any, kind: Any) -> Any:
    types = import_optional("pyarrow", "arrow").types
    if value is None:
        return None
    if types.is_struct(kind):
        return tuple(_structs_as_tuples(value[field.name], field.type) for field in kind)
    if types.is_map(kind):
        return {key: _structs_as_tuples(item, kind.item_type) for key, item in value.items()}
    if types.is_nested(kind):
        return [_structs_as_tuples(item, kind.value_type) for item in value]
    return value


def python_value(value: Any) -> Any:
    """Return a value of Arrow as one of Python, or as text if Python has no such value."""
    try:
        return value.as_py() if hasattr(value, "as_py") else value
    except (ValueError, OverflowError):
        return f"{value.type} {value.cast('int64').as_py()}"


def arrow_texts(kind: ColumnType, array: Any, server: tzinfo) -> Any:
    """Return the literals of an Arrow array without nulls; None if they are to be written value by
    value.

    Args:
        kind: The type.
        array: The values.
        server: Time zone of the server, for timestamps without one in columns without one.
    """
    arrow = import_optional("pyarrow", "arrow")
    try:
        return _convert(kind, array, arrow, server) if len(array) else []
    except (arrow.ArrowException, ValueError, OverflowError):
        return None


def is_arrow(written: Any) -> bool:
    """Return whether what has been written is an Arrow array."""
    return hasattr(written, "null_count")


def joined(*parts: Any) -> Any:
    """Return an Arrow array of the strings in arrays, and those beside them, put together."""
    return import_optional("pyarrow.compute", "arrow").binary_join_element_wise(*parts, "")


def with_gaps(array: Any, gaps: Sequence[bool], filling: str) -> Any:
    """Return an Arrow array with more elements at some places."""
    arrow = import_optional("pyarrow", "arrow")
    places = accumulate((not gap for gap in gaps), initial=-1)
    next(places)
    indices = [None if gap else place for gap, place in zip(gaps, places, strict=True)]
    return array.take(arrow.array(indices, arrow.int64())).fill_null(filling)


def arrow_values(kind: ColumnType, array: Any, server: tzinfo) -> Any:
    """Return the values of an Arrow array without nulls as clickhouse-connect writes them: numbers
    as a NumPy array, strings and timestamps as a list; None for other types, or if a value is none
    of the type.

    Args:
        kind: The type.
        array: The values.
        server: Time zone of the server, for timestamps without one in columns without one.
    """
    arrow = import_optional("pyarrow", "arrow")
    name, source = kind.name, array.type
    if name == "String" and (arrow.types.is_string(source) or arrow.types.is_large_string(source)):
        return array.to_pylist()
    try:
        if name in DATETIME_SECONDS and arrow.types.is_timestamp(source) and len(array):
            found = _instants(kind, array, arrow, server)
            return found if found is None else found.to_pylist()
        if integer_name(name) and name in _NUMBERS and arrow.types.is_integer(source):
            # Raises if a value is outside the type.
            return array.cast(getattr(arrow, name.lower())()).to_numpy(zero_copy_only=False)
        if name in _NUMBERS and arrow.types.is_floating(source):
            exact = name == "Float64" or arrow.types.is_float32(source)
            wanted = getattr(arrow, name.lower())()
            return array.cast(wanted).to_numpy(zero_copy_only=False) if exact else None
    except (arrow.ArrowException, ImportError):
        pass
    return None


_NUMBERS = (
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    "Float32",
    "Float64",
)
_Convert = Callable[[ColumnType, Any, Any], Any]


def _convert(kind: ColumnType, array: Any, arrow: Any, server: tzinfo) -> Any:
    """Return the literals of an array; None, or an error of Arrow, if that cannot be done."""
    types, source, name = arrow.types, array.type, kind.name
    convert: _Convert | None = None
    if integer_name(name):
        convert = _integers if types.is_integer(source) else None
    elif name in FLOAT_MAXIMA:
        convert = _floats if types.is_floating(source) else None
    elif name in DATE_RANGES:
        convert = _dates if types.is_date32(source) else None
    elif name in DATETIME_SECONDS and types.is_timestamp(source):
        found = _instants(kind, array, arrow, server)
        return found if found is None else _strings(found)
    elif name in ("Time", "Time64") and types.is_time(source):
        convert = _times
    elif name == "String":
        text = types.is_string(source) or types.is_large_string(source)
        convert = _quoted_strings if text else None
    elif name == "Decimal":
        convert = _decimals if types.is_decimal(source) else None
    elif name == "Bool" and types.is_boolean(source):
        return _strings(array)
    return convert and convert(kind, array, arrow)


def _integers(kind: ColumnType, array: Any, _: Any) -> Any:
    return _strings(array) if _within(array, *integer_bounds(kind.name)) else None


def _dates(kind: ColumnType, array: Any, arrow: Any) -> Any:
    low, high = ((day - _FIRST_DAY).days for day in DATE_RANGES[kind.name])
    days = array.cast(arrow.int32())
    return _in_quotes(_strings(array)) if _within(days, low, high) else None


def _decimals(kind: ColumnType, array: Any, arrow: Any) -> Any:
    precision, scale = (int(argument.name) for argument in kind.arguments)
    wanted = arrow.decimal128 if precision <= 38 else arrow.decimal256
    texts = _strings(array.cast(wanted(precision, scale)))
    # Of more than six places, some are shown with an exponent.
    return None if scale > 6 and _any_matches(texts, "E") else texts


def _any_matches(texts: Any, pattern: str) -> bool:
    compute = import_optional("pyarrow.compute", "arrow")
    return bool(compute.any(compute.match_substring_regex(texts, pattern)).as_py())


_FIRST_DAY = DATE_RANGES["Date"][0]


def _strings(array: Any) -> Any:
    return array.cast(import_optional("pyarrow", "arrow").string())


def _in_quotes(texts: Any) -> Any:
    return joined("'", texts, "'")


def _within(array: Any, low: float, high: float) -> bool:
    found = import_optional("pyarrow.compute", "arrow").min_max(array).as_py()
    return bool(low <= found["min"] and found["max"] <= high)


def _floats(kind: ColumnType, array: Any, arrow: Any) -> Any:
    compute = import_optional("pyarrow.compute", "arrow")
    numbers = array.cast(arrow.float64())
    if kind.name != "Float64":
        finite = numbers.filter(compute.is_finite(numbers))
        if len(finite) and not _within(compute.abs(finite), 0, FLOAT_MAXIMA[kind.name]):
            return None
    texts = _strings(numbers)
    # A literal without a point is an integer, and another kind of expression.
    whole = compute.invert(compute.match_substring_regex(texts, "[.en]"))
    pointed = compute.binary_join_element_wise(texts, ".0", "")
    return compute.if_else(whole, pointed, texts)


def _quoted_strings(_: ColumnType, array: Any, __: Any) -> Any:
    needs_escapes = _any_matches(array, r"[\x00-\x1f\x7f'\\]")
    return None if needs_escapes else _in_quotes(_strings(array))


def _times(kind: ColumnType, array: Any, arrow: Any) -> Any:
    digits = precision_of(kind)
    if digits not in _UNITS.values():
        return None
    unit = next(unit for unit, each in _UNITS.items() if each == digits)
    wanted = arrow.time32 if digits < 6 else arrow.time64
    # Refused if it loses a part of a second.
    return _in_quotes(_strings(array.cast(wanted(unit))))


def _instants(kind: ColumnType, array: Any, arrow: Any, server: tzinfo) -> Any:
    """Return timestamps as numbers in the unit of a type; None if a value is outside of it.

    Args:
        kind: The type.
        array: The timestamps.
        arrow: pyarrow.
        server: The time zone of those that have none, if the type has none.
    """
    digits = precision_of(kind)
    if digits not in _UNITS.values():
        return None
    unit = next(unit for unit, each in _UNITS.items() if each == digits)
    # Refused if it loses a part of a second.
    exact = array.cast(arrow.timestamp(unit, array.type.tz))
    if not exact.type.tz:
        zone = zone_info(kind) if zone_of(kind) else server
        if zone is None:
            return None
        exact = import_optional("pyarrow.compute", "arrow").assume_timezone(
            exact, str(zone), ambiguous="raise", nonexistent="raise"
        )
    numbers = exact.cast(arrow.int64())
    low, high = (bound * 10**digits for bound in DATETIME_SECONDS[kind.name])
    return numbers if _within(numbers, low, min(high + 10**digits - 1, 2**63 - 1)) else None


def nan_as_null(array: Any) -> Any:
    """Return an array with nulls for nan, which is how pandas shows missing values."""
    arrow = import_optional("pyarrow", "arrow")
    if not arrow.types.is_floating(array.type):
        return array
    compute = import_optional("pyarrow.compute", "arrow")
    return compute.if_else(compute.is_nan(array), None, array)
