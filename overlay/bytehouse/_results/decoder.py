"""Decode blocks of rows by the types of their columns.

One msgspec type for the whole row decodes some millions of rows a second. Where a block has values
that do not match their column types, it is decoded value by value, and those remain as received.
"""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, Literal

import msgspec

from bytehouse_raw.models import ResultColumn

from .._types.codecs import Codec, codec_of
from ..errors import LostValuesWarning
from .lost_floats import float_columns

Row = tuple[Any, ...]
RowFormat = Literal["arrays", "objects"]
"""How a row is written: its values in order, or an object with the column names as keys."""


_MAX_DIGITS = 76  # of a Decimal


class NotJSON(ValueError):
    """A part of a body is not JSON; it may have been cut at the wrong place."""


class NotRows(ValueError):
    """Values in the place of rows are not rows of this result."""


class Decoder:
    """Decode the rows of one result to tuples.

    Args:
        columns: Columns of the result.
        codecs: The codec of each.
        form: How the rows are written.
    """

    def __init__(
        self, columns: Sequence[ResultColumn], codecs: Sequence[Codec], form: RowFormat
    ) -> None:
        self._names = [column.name for column in columns]
        self._codecs = codecs
        self._form = form
        self._conversions = [
            (index, codec.convert) for index, codec in enumerate(codecs) if codec.convert
        ]
        self._known = frozenset(self._names)
        self._floats = float_columns([column.type for column in columns])
        self._decoder: msgspec.json.Decoder[Any] | None = None
        with suppress(ValueError):  # a name has a quote or a line break in it
            self._decoder = msgspec.json.Decoder(
                self._type(), strict=False, float_hook=_exact_number
            )

    def _type(self) -> Any:
        if self._form == "arrays":
            wires = tuple(codec.wire for codec in self._codecs)
            return list[tuple[wires]]  # type: ignore[valid-type]  # made at run time
        fields: list[tuple[str, Any, Any]] = [
            (f"f{at}", codec.wire | None, None) for at, codec in enumerate(self._codecs)
        ]
        renamed = {f"f{at}": name for at, name in enumerate(self._names)}
        row = msgspec.defstruct("Row", fields, rename=renamed, forbid_unknown_fields=True, gc=False)
        return list[row]  # type: ignore[valid-type]  # the same

    def decode(self, block: bytes, *, sure: bool) -> list[Any]:
        """Return the rows of a block, or their columns.

        Args:
            block: Rows separated by commas, without the surrounding brackets.
            sure: Whether the block certainly ends at the end of a row.

        Raises:
            NotJSON: It does not consist of whole rows, or is not JSON.
            NotRows: It is JSON, but does not consist of rows of this result.
        """
        text = b"[%b]" % block
        try:
            with _gc_paused():
                return self._decode_typed(text)
        except (msgspec.ValidationError, UnicodeDecodeError, RecursionError, _Unconvertible):
            pass
        except msgspec.DecodeError as error:
            if not sure:
                raise NotJSON(str(error)) from None
        return self._decode_untyped(text)

    def _decode_typed(self, text: bytes) -> list[Any]:
        """Decode a block whose values match their column types."""
        if not self._conversions:
            return self._rows(text)
        return list(zip(*self._columns(text), strict=True))

    def _decode_untyped(self, text: bytes) -> list[Any]:
        """Decode a block with values that do not match their column types."""
        return self._decode_each_value(text)

    def _rows(self, text: bytes) -> list[Row]:
        """Decode a block whose values match their column types, without the conversions."""
        if self._decoder is None:
            raise _Unconvertible
        found = self._decoder.decode(text)
        if self._form == "objects":
            found = list(map(msgspec.structs.astuple, found))
        if self._floats and b"null" in text:
            self._warn_of_lost_floats(found)
        return found  # type: ignore[no-any-return]  # its type is made at run time

    def _columns(self, text: bytes) -> list[Sequence[Any]]:
        """Decode a block whose values match their column types into its columns."""
        columns: list[Sequence[Any]] = list(zip(*self._rows(text), strict=True))
        try:
            for at, convert in self._conversions:
                columns[at] = [None if v is None else convert(v) for v in columns[at]]
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            raise _Unconvertible from error
        return columns

    def _decode_each_value(self, text: bytes) -> list[Row]:
        """Decode each value by itself; one that does not match its column type stays as it is."""
        try:
            # Bytes that are not UTF-8 can be recovered: value.encode("utf-8", "surrogateescape").
            rows = json.loads(text.decode("utf-8", "surrogateescape"), parse_float=_number)
        except (ValueError, RecursionError) as error:
            raise NotJSON(str(error)) from None
        # In these, numbers without a type are beside typed ones.
        mixed = ["typing.Any" in str(codec.wire) for codec in self._codecs]
        try:
            values = [self._values_of(row, at) for at, row in enumerate(rows)]
            self._warn_of_lost_floats(values)
            return [tuple(map(_convert_value, self._codecs, mixed, row)) for row in values]
        except RecursionError:
            raise NotRows("a value is nested too deeply") from None

    def _warn_of_lost_floats(self, rows: Sequence[Sequence[Any]]) -> None:
        lost = [at for at, has_lost in self._floats if has_lost([row[at] for row in rows])]
        if lost:
            self._floats = []  # once for a result
            warnings.warn(
                "NaN or an infinity came as null, which is what JSON has for it, in the column "
                f"{', '.join(self._names[at] for at in lost)}. To have the values, write SETTINGS "
                "output_format_json_quote_denormals = 1 at the end of the statement.",
                LostValuesWarning,
                stacklevel=2,
            )

    def _values_of(self, row: object, at: int) -> Sequence[Any]:
        if self._form == "objects" and isinstance(row, dict):
            if unknown := [key for key in row if key not in self._known]:
                raise NotRows(f"row {at} of a block has a value {unknown[0]!r} without a column")
            return [row.get(name) for name in self._names]
        if self._form == "arrays" and isinstance(row, list):
            if len(row) == len(self._names):
                return row
            raise NotRows(
                f"row {at} of a block has {len(row)} values for {len(self._names)} columns"
            )
        raise NotRows(f"row {at} of a block is not a row")


class ColumnDecoder(Decoder):
    """Decode rows to the values of each column."""

    def _decode_typed(self, text: bytes) -> list[Sequence[Any]]:
        return self._columns(text)

    def _decode_untyped(self, text: bytes) -> list[Sequence[Any]]:
        return list(zip(*self._decode_each_value(text), strict=True))


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Pause the garbage collector for the milliseconds that a block takes.

    Rows are many new objects and no garbage, but their number makes the collector scan all live
    objects repeatedly: rows of lists that are kept took four times as long.
    """
    if not gc.isenabled():
        # Disabled by the user, or by another thread in this function, which will enable it.
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Unconvertible(Exception):
    """A block cannot be decoded as a whole."""


def _number(text: str) -> Decimal | float:
    """Parse a number that is not whole; one whose exponent no Decimal has is infinite, or zero."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return float(text)


def _exact_number(text: str) -> Decimal | float:
    """Parse a number without a type: a float, or a Decimal if its digits are those of no float."""
    number = float(text)
    return number if repr(number) == text else _as_untyped(_number(text))


def _convert_value(codec: Codec, mixed: bool, value: Any) -> Any:
    if value is None:
        return None
    if mixed:
        value = _as_untyped(value)
    try:
        fitted = value
        if codec.wire is not Any:
            fitted = msgspec.convert(value, codec.wire, strict=False, str_keys=True)
        return codec.convert(fitted) if codec.convert else fitted
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return _as_untyped(value)


def _as_untyped(value: Any) -> Any:
    """Return a value as an untyped decoder returns it."""
    match value:
        case Decimal():
            number = float(value)
            # What no Decimal of the engine has is a float that it wrote, or no number of its own.
            is_float = Decimal(repr(number)) == value or abs(value.adjusted()) > _MAX_DIGITS
            return number if is_float else value
        case list():
            return [_as_untyped(item) for item in value]
        case dict():
            return {key: _as_untyped(item) for key, item in value.items()}
        case _:
            return value


MakeDecoder = Callable[[Sequence[ResultColumn], RowFormat], Decoder]


def python_rows(columns: Sequence[ResultColumn], form: RowFormat) -> Decoder:
    """Return a decoder to the Python values of the columns' types."""
    return Decoder(columns, [codec_of(column.type) for column in columns], form)
