"""Decode blocks of rows, by the types of their columns.

One msgspec type for the whole row decodes some millions of rows a second. Where a block holds what
its columns do not say, its values are decoded one by one, and what does not fit stays as it came.
"""

from __future__ import annotations

import gc
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, Literal

import msgspec

from .._types.codecs import Codec, ResultColumn, codec_of

__all__ = [
    "ColumnDecoder",
    "Decoder",
    "MakeDecoder",
    "NotJSON",
    "NotRows",
    "Row",
    "RowFormat",
    "python_rows",
]

Row = tuple[Any, ...]
RowFormat = Literal["arrays", "objects"]
"""How an answer writes a row: as its values in order, or by the names of the columns."""


class NotJSON(ValueError):
    """Say that a piece of a body is no JSON; it may have been cut at the wrong place."""


class NotRows(ValueError):
    """Say that what stands where rows are expected cannot be understood as rows."""


class Decoder(ABC):
    """Decode the rows of one result.

    Args:
        columns: Names of the columns.
        codecs: How the values of each are decoded.
        form: How the rows are written.
    """

    def __init__(
        self, columns: Sequence[ResultColumn], codecs: Sequence[Codec], form: RowFormat
    ) -> None:
        self._names = [column.name for column in columns]
        self._codecs = codecs
        self._form = form
        self._converts = [
            (index, codec.convert) for index, codec in enumerate(codecs) if codec.convert
        ]
        # Of two columns with one name an object has one value.
        self._keys = list(dict.fromkeys(self._names))
        self._order = [self._keys.index(name) for name in self._names]
        self._decoder: msgspec.json.Decoder[Any] | None = None
        with suppress(ValueError):  # a name has a quote or a line's end in it
            self._decoder = msgspec.json.Decoder(self._type(), strict=False)

    def _type(self) -> Any:
        if self._form == "arrays":
            wires = tuple(codec.wire for codec in self._codecs)
            return list[tuple[wires]]  # type: ignore[valid-type]  # made at run time
        fields: list[tuple[str, Any, Any]] = [
            (f"f{at}", self._codecs[self._names.index(key)].wire | None, None)
            for at, key in enumerate(self._keys)
        ]
        renamed = {f"f{at}": key for at, key in enumerate(self._keys)}
        row = msgspec.defstruct("Row", fields, rename=renamed, forbid_unknown_fields=True, gc=False)
        return list[row]  # type: ignore[valid-type]  # the same

    def decode(self, block: bytes, *, sure: bool) -> list[Any]:
        """Return what a block holds.

        Args:
            block: Rows with their commas between, without the brackets around.
            sure: Whether the block certainly ends where a row ends.

        Raises:
            NotJSON: It is not whole rows, or no JSON at all.
            NotRows: It is JSON, but not the rows of this result.
        """
        text = b"[%b]" % block
        try:
            with _collector_paused():
                return self._as_typed(text)
        except (msgspec.ValidationError, UnicodeDecodeError, RecursionError, _Unconvertible):
            pass
        except msgspec.DecodeError as error:
            if not sure:
                raise NotJSON(str(error)) from None
        return self._as_it_came(text)

    @abstractmethod
    def _as_typed(self, text: bytes) -> list[Any]:
        """Decode a block whose values are as their columns say."""

    @abstractmethod
    def _as_it_came(self, text: bytes) -> list[Any]:
        """Decode a block some of whose values are not."""

    def _rows(self, text: bytes) -> list[Row]:
        """Decode a block whose values are as their columns say, but for the conversions."""
        if self._decoder is None:
            raise _Unconvertible
        found = self._decoder.decode(text)
        if self._form == "arrays":
            return found  # type: ignore[no-any-return]  # its type is made at run time
        rows = list(map(msgspec.structs.astuple, found))
        if len(self._keys) < len(self._names):
            return [tuple([row[at] for at in self._order]) for row in rows]
        return rows

    def _columns(self, text: bytes) -> list[Sequence[Any]]:
        """Decode a block whose values are as their columns say, to its columns."""
        columns: list[Sequence[Any]] = list(zip(*self._rows(text), strict=True))
        try:
            for at, convert in self._converts:
                columns[at] = [None if v is None else convert(v) for v in columns[at]]
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            raise _Unconvertible from error
        return columns

    def _one_by_one(self, text: bytes) -> list[Row]:
        """Decode each value by itself, and keep the one that is not as its column says."""
        try:
            # What is no UTF-8 stays recoverable: value.encode("utf-8", "surrogateescape").
            rows = json.loads(text.decode("utf-8", "surrogateescape"), parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise NotJSON(str(error)) from None
        return [
            tuple(map(_fitted, self._codecs, self._values_of(row, at)))
            for at, row in enumerate(rows)
        ]

    def _values_of(self, row: object, at: int) -> Sequence[Any]:
        if self._form == "objects" and isinstance(row, dict):
            if unknown := [key for key in row if key not in self._keys]:
                raise NotRows(f"row {at} of a block has a value {unknown[0]!r}, and no column")
            return [row.get(name) for name in self._names]
        if self._form == "arrays" and isinstance(row, list):
            if len(row) == len(self._names):
                return row
            raise NotRows(
                f"row {at} of a block has {len(row)} values for {len(self._names)} columns"
            )
        raise NotRows(f"row {at} of a block is no row")


class RowDecoder(Decoder):
    """Decode rows to tuples."""

    def _as_typed(self, text: bytes) -> list[Row]:
        if not self._converts:
            return self._rows(text)
        return list(zip(*self._columns(text), strict=True))

    def _as_it_came(self, text: bytes) -> list[Row]:
        return self._one_by_one(text)


class ColumnDecoder(Decoder):
    """Decode rows to the values of each column."""

    def _as_typed(self, text: bytes) -> list[Sequence[Any]]:
        return self._columns(text)

    def _as_it_came(self, text: bytes) -> list[Sequence[Any]]:
        return list(zip(*self._one_by_one(text), strict=True))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hold up the collection of garbage for the milliseconds that a block takes.

    Rows are many new objects and no garbage, but make the collector look through all that live,
    again and again: rows of lists that are kept took four times as long.
    """
    if not gc.isenabled():
        # By the user, or by another thread in this place, which will enable it.
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Unconvertible(Exception):
    """Say that a block cannot be decoded as a whole."""


def _fitted(codec: Codec, value: Any) -> Any:
    if value is None:
        return None
    if codec.wire is not Any:
        try:
            fitted = msgspec.convert(value, codec.wire, strict=False, str_keys=True)
            return codec.convert(fitted) if codec.convert else fitted
        except (ValueError, TypeError, ArithmeticError, LookupError):
            pass
    return _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as an untyped decoder gives it."""
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


MakeDecoder = Callable[[Sequence[ResultColumn], RowFormat], Decoder]


def python_rows(columns: Sequence[ResultColumn], form: RowFormat) -> RowDecoder:
    """Return a decoder to the Python values that the types of columns stand for."""
    return RowDecoder(columns, [codec_of(column.type) for column in columns], form)
