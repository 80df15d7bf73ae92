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
from .values import FLOAT_MAXIMA, INTEGERS, Unfit, integer_bounds, is_nan

__all__ = [
    "ArrowColumn",
    "arrow_column",
    "arrow_literals",
    "arrow_values",
    "converted",
    "is_arrow",
    "joined",
    "nan_as_null",
    "python_value",
    "with_gaps",
]

_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}
# Extension types whose values Arrow itself converts to Python.
_KNOWN_EXTENSIONS = ("arrow.bool8", "arrow.json", "arrow.uuid")


def arrow_column(values: Any) -> Any:
    """Return an Arrow array as an `ArrowColumn`; others unchanged."""
    if isinstance(values, list | ArrowColumn):
        return values
    return ArrowColumn(values)


def _without_views(kind: Any) -> Any:
    """Return a type with ordinary strings for those that Arrow cannot select from."""
    arrow = import_optional("pyarrow", "arrow")
    types = arrow.types
    found = kind
    if str(kind) in ("string_view", "binary_view"):
        found = getattr(arrow, f"large_{str(kind)[:6]}")()
    elif types.is_struct(kind):
        found = arrow.struct([each.with_type(_without_views(each.type)) for each in kind])
    elif types.is_map(kind):
        found = arrow.map_(_without_views(kind.key_type), _without_views(kind.item_type))
    elif types.is_fixed_size_list(kind):
        found = arrow.list_(_without_views(kind.value_type), kind.list_size)
    elif types.is_list(kind):
        found = arrow.list_(_without_views(kind.value_type))
    elif types.is_large_list(kind):
        found = arrow.large_list(_without_views(kind.value_type))
    return found  # list views as they are: of a slice of them, a cast gives other lists


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
        kind = _without_views(array.type)
        if kind != array.type:
            array = array.cast(kind)
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
        try:
            values = self.array.to_pylist(maps_as_pydicts="strict")
        except (ValueError, OverflowError, KeyError) as error:
            raise Unfit(f"it is none of Python: {error}") from None
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
        if hasattr(value, "as_buffer"):
            return bytes(value.as_buffer())
        return f"{value.type} {getattr(value, 'value', '')}".rstrip()


def arrow_literals(kind: ColumnType, array: Any, server: tzinfo) -> Any:
    """Return the literals of an Arrow array without nulls; None if they are to be written value by
    value.

    Args:
        kind: The type.
        array: The values.
        server: Time zone of the server, for timestamps without one in columns without one.
    """
    exact = _exact(kind, array, server)
    if exact is None:
        return None
    strings = exact.cast(import_optional("pyarrow", "arrow").string())
    if kind.name in FLOAT_MAXIMA:
        # A literal without a point is an integer, and another kind of expression.
        compute = import_optional("pyarrow.compute", "arrow")
        has_point = compute.match_substring_regex(strings, "[.en]")
        return joined(strings, compute.if_else(has_point, "", ".0"))
    if kind.name == "Decimal":
        # Of more than six places, some are shown with an exponent.
        scale = int(kind.arguments[1].name)
        return None if scale > 6 and _any_matches(strings, "E") else strings
    if kind.name == "String" and _any_matches(strings, r"[\x00-\x1f\x7f'\\]"):
        return None
    return joined("'", strings, "'") if kind.name in _QUOTED else strings


_QUOTED = ("Date", "Date32", "String", "Time", "Time64")


def _any_matches(strings: Any, pattern: str) -> bool:
    compute = import_optional("pyarrow.compute", "arrow")
    return bool(compute.any(compute.match_substring_regex(strings, pattern)).as_py())


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
    as a NumPy array, others as a list; None if they are to be made value by value.

    Args:
        kind: The type.
        array: The values.
        server: Time zone of the server, for timestamps without one in columns without one.
    """
    exact = _exact(kind, array, server)
    if exact is None or kind.name in ("Time", "Time64"):
        return None
    if kind.name not in _NUMBERS:
        return exact.to_pylist()
    numbers = exact.cast(getattr(import_optional("pyarrow", "arrow"), kind.name.lower())())
    return numbers.to_numpy(zero_copy_only=False)


_NUMBERS = (*(name for name in INTEGERS if name[-2:] not in ("28", "56")), "Float32", "Float64")


def _exact(kind: ColumnType, array: Any, server: tzinfo) -> Any:
    """Return an array of values of a type; None if one is none of it, or its type another."""
    arrow = import_optional("pyarrow", "arrow")
    forms, convert = _CONVERSIONS.get(kind.name, ((), None))
    is_one = any(getattr(arrow.types, f"is_{form}")(array.type) for form in forms)
    if convert is None or not is_one or not len(array):
        return None
    try:
        return convert(kind, array, server)
    except (arrow.ArrowException, KeyError, ValueError, OverflowError):
        return None  # a value would lose a part


_FIRST_DAY = DATE_RANGES["Date"][0]


def _within(array: Any, numbers: Any, low: float, high: float) -> Any:
    """Return an array if its numbers are within bounds, else None."""
    found = import_optional("pyarrow.compute", "arrow").min_max(numbers).as_py()
    return array if low <= found["min"] and found["max"] <= high else None


def _utf8(array: Any) -> Any:
    array.validate(full=True)  # text that is not UTF-8 is an ArrowInvalid
    return array


def _integers(kind: ColumnType, array: Any, _: tzinfo) -> Any:
    return _within(array, array, *integer_bounds(kind.name))


def _floats(kind: ColumnType, array: Any, _: tzinfo) -> Any:
    compute = import_optional("pyarrow.compute", "arrow")
    numbers = array.cast("float64")
    finite = numbers.filter(compute.is_finite(numbers))
    if kind.name == "Float64" or not len(finite):
        return numbers
    return _within(numbers, compute.abs(finite), 0, FLOAT_MAXIMA[kind.name])


def _dates(kind: ColumnType, array: Any, _: tzinfo) -> Any:
    low, high = ((day - _FIRST_DAY).days for day in DATE_RANGES[kind.name])
    return _within(array, array.cast("int32"), low, high)


def _times(kind: ColumnType, array: Any, _: tzinfo) -> Any:
    arrow, unit = import_optional("pyarrow", "arrow"), _UNITS[precision_of(kind)]
    return array.cast((arrow.time32 if unit in ("s", "ms") else arrow.time64)(unit))


def _decimals(kind: ColumnType, array: Any, _: tzinfo) -> Any:
    arrow = import_optional("pyarrow", "arrow")
    precision, scale = (int(argument.name) for argument in kind.arguments)
    return array.cast((arrow.decimal128 if precision <= 38 else arrow.decimal256)(precision, scale))


def _instants(kind: ColumnType, array: Any, server: tzinfo) -> Any:
    """Return timestamps as numbers in the unit of a type; None if a value is outside of it."""
    arrow, digits = import_optional("pyarrow", "arrow"), precision_of(kind)
    # Refused if it loses a part of a second.
    exact = array.cast(arrow.timestamp(_UNITS[digits], array.type.tz))
    if not exact.type.tz:
        zone = zone_info(kind) if zone_of(kind) else server
        if zone is None:
            return None
        exact = import_optional("pyarrow.compute", "arrow").assume_timezone(
            exact, str(zone), ambiguous="raise", nonexistent="raise"
        )
    numbers = exact.cast(arrow.int64())
    low, high = (bound * 10**digits for bound in DATETIME_SECONDS[kind.name])
    return _within(numbers, numbers, low, min(high + 10**digits - 1, 2**63 - 1))


# Of each type, which of Arrow's are converted as columns, and how.
_Conversion = tuple[tuple[str, ...], Callable[[ColumnType, Any, tzinfo], Any]]
_CONVERSIONS: dict[str, _Conversion] = {
    **dict.fromkeys(INTEGERS, (("integer",), _integers)),
    **dict.fromkeys(FLOAT_MAXIMA, (("floating",), _floats)),
    **dict.fromkeys(DATE_RANGES, (("date32",), _dates)),
    **dict.fromkeys(DATETIME_SECONDS, (("timestamp",), _instants)),
    **dict.fromkeys(("Time", "Time64"), (("time",), _times)),
    "Bool": (("boolean",), lambda _, array, __: array),
    "Decimal": (("decimal",), _decimals),
    "String": (("string", "large_string"), lambda _, array, __: _utf8(array)),
}


def nan_as_null(values: Any) -> Any:
    """Return values with nulls for nan, which is how pandas shows missing values."""
    if isinstance(values, list):
        return [None if is_nan(value) else value for value in values]
    arrow = import_optional("pyarrow", "arrow")
    if not arrow.types.is_floating(values.type):
        return values
    compute = import_optional("pyarrow.compute", "arrow")
    return compute.if_else(compute.is_nan(values), None, values)


def converted(write: Callable[[Any], Any], values: Any) -> Any:
    """Return what a function makes of an Arrow array.

    Raises:
        Unfit: Arrow cannot convert it.
    """
    arrow = import_optional("pyarrow", "arrow")
    try:
        return write(values)
    except (arrow.ArrowException, UnicodeDecodeError) as error:
        raise Unfit(f"Arrow cannot convert it: {error}") from None
