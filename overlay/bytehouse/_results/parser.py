"""Parse the results of statements from a response body, chunk by chunk, in constant memory.

The parser does no I/O: it is fed chunks of the body, cut anywhere, and returns events. It reads the
body value by value, but rows in blocks: everything between two commas that seem to separate rows is
decoded at once, and only successful decoding proves that they do.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Generator
from typing import Any

import attrs
import msgspec

from bytehouse_raw.models import ResultColumn
from bytehouse_raw.operations import DATA_KEY

from .decoder import Decoder, MakeDecoder, NotJSON, NotRows, Row, RowFormat, python_rows
from .layouts import (
    COLUMN_KEYS,
    ROW_KEYS,
    TYPE_KEYS,
    columns_of,
    could_be_result,
    is_query_id,
    query_id_of,
    repeated_names,
    unnamed_columns,
)
from .scanning import UnexpectedLayout, ValueScan, end_of_rows

MAX_VALUE = 1 << 26
"""Bytes of the longest value or row that is read: 64 MiB. It is kept until it is complete."""
MAX_BESIDE_ROWS = 1 << 24
"""Bytes of all names and values of a response but those in rows: 16 MiB. They are kept."""
MAX_COLUMNS = 10_000
"""Columns that a result may have, and fields that may stand beside its rows."""

_FIRST_BLOCK = 1 << 14
_BLOCK = 1 << 18
_STEP = 1 << 20
_CELLS = 1 << 24
_MAX_DEPTH = 4
_EXCERPT = 2000
_SPACE = re.compile(rb"[ \t\r\n]*")


_TRUNCATED = "the response body is truncated"


@attrs.frozen
class Begin:
    """A result begins. Without columns, the statement returned no rows."""

    columns: list[ResultColumn]
    form: RowFormat


@attrs.frozen
class Columns:
    """The columns of the result that has just ended: they came after its rows."""

    columns: list[ResultColumn]


@attrs.frozen
class End:
    """A result has ended."""


@attrs.frozen
class Reference:
    """The id of a query in the place of a result."""

    query_id: str
    fields: dict[str, Any]


@attrs.frozen
class Fields:
    """The fields of an object other than rows and columns."""

    fields: dict[str, Any]


Event = Begin | Columns | End | Reference | Fields | list[Any]
"""A list is a block of rows, as its decoder returns it."""
_Events = Generator["Event | None", None, None]


def _check_width(columns: object) -> None:
    if isinstance(columns, list | dict) and len(columns) > MAX_COLUMNS:
        raise UnexpectedLayout(f"an object or a row has more than {MAX_COLUMNS} fields")


@attrs.define
class _Object:
    """The state of the JSON object that is being read."""

    depth: int
    fields: dict[str, Any] = attrs.field(factory=dict)
    columns: list[ResultColumn] | None = None
    types: object = None
    results: int = 0
    is_result: bool = False
    could_be_result: bool = True
    repeated: list[str] = attrs.field(factory=list)

    def add(self, key: str, value: object) -> None:
        """Add a field that is neither rows nor columns."""
        if key in self.fields:
            self.repeated.append(key)
        self.fields[key] = value
        _check_width(self.fields)
        self.could_be_result = self.could_be_result and could_be_result((key,))


class ResultParser:
    """Parse a body while it arrives.

    Args:
        query_id: Id that the query was submitted under.

    Attributes:
        make_decoder: Factory of row decoders; a new one applies from the next result on.
        complete: Whether the body has been parsed to its end.
        start: The first bytes of the body, for error messages.
    """

    def __init__(self, query_id: str | None = None) -> None:
        self.make_decoder: MakeDecoder = python_rows
        self.complete = False
        self.start = b""
        self._query_id = query_id
        self._buffer = b""
        self._position = 0
        self._checkpoint: int | None = None
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._needed_size = 0
        self._gathered_size = 0
        self._left_beside_rows = self._left_at_checkpoint = MAX_BESIDE_ROWS
        self._ended = False
        self._separator: bytes | None = None
        self._events = self._body()

    @property
    def unparsed(self) -> bytes:
        """The first bytes of what has not been parsed yet, for error messages."""
        return b"".join([self._buffer[self._position :], *self._pending])[:_EXCERPT]

    def feed(self, chunk: bytes) -> None:
        """Add the next chunk of the body."""
        chunk = chunk if self.start else chunk.removeprefix(BOM_UTF8)
        self._pending.append(chunk)
        self._pending_size += len(chunk)
        if len(self.start) < _EXCERPT:
            self.start = (self.start + chunk)[:_EXCERPT]

    def finish(self) -> None:
        """Mark the end of the body."""
        self._ended = True

    def next_event(self) -> Event | None:
        """Return the next event; None if more of the body is needed, or nothing is left of it.

        Raises:
            UnexpectedLayout: The body is malformed, truncated, or not the response to a query.
        """
        if self._pending_size < self._needed_size and not self._ended:
            return None
        try:
            return next(self._events, None)
        except (NotJSON, NotRows) as error:
            raise UnexpectedLayout(str(error)) from None

    def preview(self, begin: Begin, most: int = 1 << 14) -> list[Row]:
        """Return the rows of the result that has just begun that have arrived, without consuming
        them."""
        text = b"".join([self._buffer[self._position :], *self._pending])[:most]
        end = end_of_rows(text, 0, len(text))
        return python_rows(begin.columns, begin.form).decode(text[:end], sure=True)

    # The document

    def _body(self) -> _Events:
        first = yield from self._peek_or_end()
        if first == b"{":
            yield from self._object(_Object(0), probing=False)
        elif first:
            raise UnexpectedLayout("the response body is not a JSON object")
        if (yield from self._peek_or_end()):
            raise UnexpectedLayout("the response body continues after its end")
        self.complete = True

    def _object(self, obj: _Object, *, probing: bool) -> Generator[Event | None, None, bool]:
        """Read an object; return whether it holds results.

        While `probing`, it may be a row as well, and no event is emitted before that is ruled out.
        """
        yield from self._expect(b"{")
        more = (yield from self._peek()) != b"}"
        while more:
            key = yield from self._value()
            if not isinstance(key, str):
                raise UnexpectedLayout("the response body is not JSON")
            yield from self._expect(b":")
            yield from self._member(obj, key, probing=probing and not obj.is_result)
            more = yield from self._skip_comma()
        yield from self._expect(b"}")
        if obj.is_result or not probing:
            yield from self._finish_object(obj)
            return True
        return False

    def _member(self, obj: _Object, key: str, *, probing: bool) -> _Events:
        """Read the value of a key."""
        char = yield from self._peek()
        result = obj.could_be_result if probing else True
        if key in ROW_KEYS and result and char == b"{" and obj.depth < _MAX_DEPTH:
            yield from self._nested(obj, key, probing=probing)
            return
        if key in ROW_KEYS and result and char == b"[" and obj.depth < _MAX_DEPTH:
            inner = yield from self._peek(after=1)
            if inner in (b"[", b"{") or not probing:
                self._mark_as_result(obj)
                yield from self._array(obj)
                return
        value = yield from self._value()
        columns = None
        if key in COLUMN_KEYS and result:
            _check_width(value)
            columns = columns_of(value, obj.types)
        if key in TYPE_KEYS:
            obj.types = value
            if obj.columns and isinstance(value, list) and len(value) == len(obj.columns):
                obj.columns = columns_of([c.name for c in obj.columns], value)
        if columns is None:
            obj.add(key, value)
            return
        self._mark_as_result(obj)
        obj.columns = columns
        if obj.results == 1:
            yield Columns(columns)

    def _nested(self, obj: _Object, key: str, *, probing: bool) -> _Events:
        """Read an object in the place of rows: a result one level deeper."""
        inner = _Object(obj.depth + 1)
        if not probing:
            self._checkpoint = None
        if (yield from self._object(inner, probing=True)):
            self._mark_as_result(obj)
            obj.results += inner.results
        elif probing:
            obj.add(key, inner.fields)
        elif query_id := query_id_of(inner.fields, self._query_id):
            yield Reference(query_id, inner.fields)
        elif could_be_result(inner.fields):
            yield Fields(inner.fields)
        else:
            raise UnexpectedLayout("the response holds an object that is not a recognizable result")

    def _mark_as_result(self, obj: _Object) -> None:
        """Decide that an object holds results; this is final."""
        obj.is_result = True
        self._checkpoint = None

    def _finish_object(self, obj: _Object) -> _Events:
        """Emit what remains to be reported of an object that has been read."""
        fields = obj.fields
        if obj.columns is not None and not obj.results:
            yield Begin(obj.columns, "arrays")
            yield End()
        if obj.depth == 0 and is_query_id(fields.get(DATA_KEY), self._query_id):
            yield Reference(fields[DATA_KEY], fields)
        others = {key: value for key, value in fields.items() if not could_be_result({key: value})}
        if any(isinstance(value, list | dict) for value in others.values()):
            nothing = not obj.is_result and fields.get(DATA_KEY) is None
            # Rows without column names, beside fields that no result has: it was a row.
            if nothing or (obj.depth and obj.columns is None):
                raise UnexpectedLayout("the response holds no recognizable result")
        elif others and obj.depth and obj.columns is None:
            raise UnexpectedLayout("the response holds no recognizable result")
        if fields:
            yield Fields(fields)

    # Arrays of results or of rows

    def _array(self, obj: _Object) -> _Events:
        """Read an array that holds rows, results, or results of several statements."""
        yield from self._expect(b"[")
        first = yield from self._peek()
        if first == b"]":
            self._position += 1
        elif first not in (b"[", b"{"):
            yield from self._query_ids(obj)
        elif obj.columns:
            form: RowFormat = "arrays" if first == b"[" else "objects"
            yield from self._rows(obj, obj.columns, form)
        elif first == b"{":
            yield from self._objects(obj)
        elif (yield from self._peek(after=1)) in (b"{", b"]") and obj.depth < _MAX_DEPTH:
            yield from self._arrays(obj)
        else:
            self._set_checkpoint()
            row = yield from self._value()
            _check_width(row)
            yield from self._rows(obj, unnamed_columns(len(row)), "arrays", again=True)

    def _objects(self, obj: _Object) -> _Events:
        """Read an array of objects that are results, or else rows."""
        results = False
        while True:
            yield from self._peek()
            self._set_checkpoint()
            inner = _Object(obj.depth + 1)
            if not (yield from self._object(inner, probing=True)):
                if query_id := query_id_of(inner.fields, self._query_id):
                    yield Reference(query_id, inner.fields)
                elif not results and inner.fields:
                    _check_width(inner.fields)
                    columns = [ResultColumn(name) for name in (*inner.fields, *inner.repeated)]
                    yield from self._rows(obj, columns, "objects", again=True)
                    return
                elif inner.fields:
                    raise UnexpectedLayout("an object among the results is not a result")
            results, self._checkpoint = True, None
            if not (yield from self._skip_comma()):
                break
        yield from self._expect(b"]")

    def _arrays(self, obj: _Object) -> _Events:
        """Read an array of arrays of rows, one for each statement."""
        while True:
            inner = _Object(obj.depth + 1)
            if (yield from self._peek()) != b"[":
                raise UnexpectedLayout("the rows of a statement are not an array")
            if (yield from self._peek(after=1)) == b"]":
                yield Begin([], "arrays")
                yield End()
            yield from self._array(inner)
            if not (yield from self._skip_comma()):
                break
        yield from self._expect(b"]")

    def _query_ids(self, obj: _Object) -> _Events:
        """Read an array of query ids, one for each statement."""
        while True:
            value = yield from self._value()
            if is_query_id(value, self._query_id):
                yield Reference(value, {})
            elif value is not None:
                raise UnexpectedLayout(
                    "a value in the place of rows is neither a row nor a query id"
                )
            if not (yield from self._skip_comma()):
                break
        yield from self._expect(b"]")
        obj.is_result = True

    # Rows

    def _rows(
        self,
        obj: _Object,
        columns: list[ResultColumn],
        form: RowFormat,
        *,
        again: bool = False,
    ) -> _Events:
        """Read the rows of one result to the end of their array.

        Args:
            obj: The object that holds them.
            columns: Their columns.
            form: How they are written.
            again: Whether the first has been read already: rewind to the checkpoint.
        """
        if again and self._checkpoint is not None:
            self._position = self._checkpoint
            self._left_beside_rows = self._left_at_checkpoint  # what was read since is a row
        self._checkpoint = self._separator = None
        if form == "objects" and (repeated := repeated_names(columns)):
            raise UnexpectedLayout(
                "its rows are objects, which hold one of several columns of the same name: "
                f"{', '.join(repeated)}; name them with AS"
            )
        obj.results += 1
        yield Begin(columns, form)
        decoder = self.make_decoder(columns, form)
        # An object may leave out its fields, so that a few bytes become a row of all columns.
        largest = _BLOCK if form == "arrays" else min(_BLOCK, _CELLS // max(1, len(columns)))
        size = min(_FIRST_BLOCK, largest)
        while (yield from self._peek()) != b"]":
            yield (yield from self._block(decoder, size))
            size = min(size * 2, largest)
            yield from self._skip_comma()
        self._position += 1
        yield End()

    def _block(self, decoder: Decoder, size: int) -> Generator[None, None, list[Any]]:
        """Read as many whole rows as have arrived, of about `size` bytes, or one larger row."""
        if self._separator is None:
            yield from self._learn_separator()
        yield from self._gather(size - len(self._buffer) + self._position)
        limit = self._position + size
        cut = -1
        if self._separator:
            cut = self._buffer.rfind(self._separator, self._position, limit)
        if cut > 0:
            try:
                rows = decoder.decode(self._buffer[self._position : cut + 1], sure=False)
            except NotJSON:
                pass  # the cut was inside a string or a nested array, or after the last row
            else:
                self._position = cut + 1
                return rows
        end = end_of_rows(self._buffer, self._position, limit)
        if end == self._position:
            end = yield from self._end_of_value()
        rows = decoder.decode(self._buffer[self._position : end], sure=True)
        self._position = end
        return rows

    def _learn_separator(self) -> Generator[None, None, None]:
        """Learn from the first two rows what separates rows in this body."""
        end = yield from self._end_of_value()
        while True:
            comma = _SPACE.match(self._buffer, end).end()  # type: ignore[union-attr]  # matches all
            start = _SPACE.match(self._buffer, comma + 1).end()  # type: ignore[union-attr]
            if start < len(self._buffer):
                break
            if self._ended and not self._pending_size:
                raise UnexpectedLayout(_TRUNCATED)
            begin = self._position
            yield from self._read_more(self._kept)
            end -= begin - self._position
        has_comma = self._buffer[comma : comma + 1] == b","
        self._separator = self._buffer[end - 1 : start + 1] if has_comma else b""

    # Bytes

    @property
    def _floor(self) -> int:
        return self._position if self._checkpoint is None else self._checkpoint

    @property
    def _kept(self) -> int:
        """Bytes in the buffer that belong to what is being read. Waiting for as many again bounds
        how often they are copied."""
        return len(self._buffer) - self._floor

    def _set_checkpoint(self) -> None:
        """Keep what follows, to be able to read it again."""
        self._checkpoint, self._left_at_checkpoint = self._position, self._left_beside_rows

    def _read_more(self, least: int) -> Generator[None, None, None]:
        """Wait for at least `least` more bytes, or the rest of the body if there is any."""
        if self._kept > MAX_VALUE:
            raise UnexpectedLayout(f"a value or row has more than {MAX_VALUE} bytes")
        yield from self._gather(max(1, min(least, _STEP)))
        if not self._gathered_size:
            raise UnexpectedLayout(_TRUNCATED)

    def _gather(self, least: int) -> Generator[None, None, None]:
        """Buffer at least `least` more bytes, or the rest of the body; wait for them."""
        while self._pending_size < least and not self._ended:
            self._needed_size = least
            yield None
        self._needed_size, self._gathered_size = 0, self._pending_size
        if not self._pending_size:
            return
        floor = self._floor
        self._buffer = b"".join([self._buffer[floor:], *self._pending])
        self._position -= floor
        self._checkpoint = None if self._checkpoint is None else 0
        self._pending.clear()
        self._pending_size = 0

    def _peek(self, after: int = 0) -> Generator[None, None, bytes]:
        """Return the next byte that is not white space, or the one after it."""
        while True:
            place = _SPACE.match(self._buffer, self._position + after).end()  # type: ignore[union-attr]
            if not after:
                self._position = place  # so that blanks are read once, and dropped
            if place < len(self._buffer):
                return self._buffer[place : place + 1]
            yield from self._read_more(self._kept if self._kept > _FIRST_BLOCK else 1)

    def _peek_or_end(self) -> Generator[None, None, bytes]:
        try:
            return (yield from self._peek())
        except UnexpectedLayout:
            return b""

    def _expect(self, char: bytes) -> Generator[None, None, None]:
        if (yield from self._peek()) != char:
            raise UnexpectedLayout("the response body is not JSON")
        self._position += 1

    def _skip_comma(self) -> Generator[None, None, bool]:
        """Skip the comma after a value; return whether there was one."""
        char = yield from self._peek()
        if char == b",":
            self._position += 1
        elif char not in (b"]", b"}"):
            raise UnexpectedLayout("the response body is not JSON")
        return char == b","

    def _end_of_value(self) -> Generator[None, None, int]:
        scan = ValueScan((yield from self._peek()))
        while (end := scan.end(self._buffer, self._position)) is None:
            yield from self._read_more(self._kept)
        return end

    def _value(self) -> Generator[None, None, Any]:
        """Read one value of any type."""
        end = yield from self._end_of_value()
        text = self._buffer[self._position : end]
        self._position = end
        self._left_beside_rows -= len(text)
        if self._left_beside_rows < 0 and self._checkpoint is None:
            raise UnexpectedLayout(f"more than {MAX_BESIDE_ROWS} bytes stand beside the rows")
        try:
            return msgspec.json.decode(text)
        except (ValueError, RecursionError):
            pass
        try:
            return json.loads(text.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            raise UnexpectedLayout("the response body is not JSON") from None
