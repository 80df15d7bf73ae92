"""Read the results of statements out of an answer's body, piece by piece, in constant memory.

The reader does no input: it is fed with pieces of the body, cut anywhere, and hands out what it has
understood. It walks over the body value by value, and takes rows in blocks: whatever stands between
two commas that part rows is decoded at once, and only that decoding proves that they do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any

import attrs
import msgspec

from .._types.codecs import ResultColumn
from .decoder import Decoder, MakeDecoder, NotJSON, NotRows, Row, RowFormat, python_rows
from .layouts import (
    COLUMN_KEYS,
    ROW_KEYS,
    TYPE_KEYS,
    columns_of,
    could_be_result,
    is_query_id,
    query_id_of,
    unnamed,
)

__all__ = [
    "Begin",
    "Columns",
    "End",
    "Event",
    "Fields",
    "Reference",
    "ResultParser",
    "UnexpectedLayout",
]

_FIRST_BLOCK = 1 << 14
_BLOCK = 1 << 18
_DEEPEST = 4
_SHOWN = 2000
_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,:\]}\[{\"]+(?=[ \t\r\n,:\]}\[{\"])")
_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)


_BROKE_OFF = "the body of the answer broke off"


class UnexpectedLayout(ValueError):
    """Say that the body is not what an answer to a query can be."""


@attrs.frozen
class Begin:
    """Say that a result begins. Without columns, the statement had no rows to return."""

    columns: list[ResultColumn]
    form: RowFormat


@attrs.frozen
class Columns:
    """Name the columns of the result that has just ended, which stood behind its rows."""

    columns: list[ResultColumn]


@attrs.frozen
class End:
    """Say that a result has ended."""


@attrs.frozen
class Reference:
    """Name a query that stands in the place of a result."""

    query_id: str
    fields: dict[str, Any]


@attrs.frozen
class Fields:
    """Hold what stood in an object beside rows and columns."""

    fields: dict[str, Any]


Event = Begin | Columns | End | Reference | Fields | list[Any]
"""A list is a block of rows, in the form that their decoder gives it."""
_Steps = Generator["Event | None", None, None]


@attrs.define
class _Element:
    """Hold what is known of the object that is being read."""

    depth: int
    fields: dict[str, Any] = attrs.field(factory=dict)
    columns: list[ResultColumn] | None = None
    types: object = None
    results: int = 0
    understood: bool = False


class ResultParser:
    """Understand a body as it comes.

    Args:
        query_id: Id that the query was submitted under.

    Attributes:
        make_decoder: How rows are to be decoded; it counts from the next result on.
        complete: Whether the body has been understood to its end.
        start: The first part of the body.
    """

    def __init__(self, query_id: str | None = None) -> None:
        self.make_decoder: MakeDecoder = python_rows
        self.complete = False
        self.start = b""
        self._query_id = query_id
        self._buffer = b""
        self._at = 0
        self._mark: int | None = None
        self._pending: list[bytes] = []
        self._waiting = 0
        self._wanted = 0
        self._taken = 0
        self._ended = False
        self._parting: bytes | None = None
        self._steps = self._body()

    @property
    def unparsed(self) -> bytes:
        """The first part of what has not been understood."""
        return b"".join([self._buffer[self._at :], *self._pending])[:_SHOWN]

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        self._pending.append(piece)
        self._waiting += len(piece)
        if len(self.start) < _SHOWN:
            self.start = (self.start + piece)[:_SHOWN]

    def finish(self) -> None:
        """Take note that the body has come to its end."""
        self._ended = True

    def next_event(self) -> Event | None:
        """Return what comes next; None if more of the body is needed, or nothing is left of it.

        Raises:
            UnexpectedLayout: The body is broken, ends too early, or holds something else.
        """
        if self._waiting < self._wanted and not self._ended:
            return None
        try:
            return next(self._steps, None)
        except (NotJSON, NotRows) as error:
            raise UnexpectedLayout(str(error)) from None

    def preview(self, begin: Begin, most: int = 1 << 14) -> list[Row]:
        """Return the first rows of the result that has just begun, as far as they are here, and
        leave them."""
        text = b"".join([self._buffer[self._at :], *self._pending])[:most]
        end = _end_of_rows(text, 0)
        return python_rows(begin.columns, begin.form).decode(text[:end], sure=True)

    # The document

    def _body(self) -> _Steps:
        first = yield from self._peek_or_end()
        if first == b"{":
            yield from self._object(_Element(0), probing=False)
        elif first:
            raise UnexpectedLayout("the body of the answer is not a JSON object")
        if (yield from self._peek_or_end()):
            raise UnexpectedLayout("something follows after the end of the answer")
        self.complete = True

    def _object(self, element: _Element, *, probing: bool) -> Generator[Event | None, None, bool]:
        """Read an object; tell whether it holds results.

        While `probing` it may be a row as well, and nothing is handed out before it is known to be
        none.
        """
        yield from self._expect(b"{")
        more = (yield from self._peek()) != b"}"
        while more:
            key = yield from self._value()
            if not isinstance(key, str):
                raise UnexpectedLayout("the body of the answer is not JSON")
            yield from self._expect(b":")
            yield from self._member(element, key, probing=probing and not element.understood)
            more = yield from self._goes_on()
        yield from self._expect(b"}")
        if element.understood or not probing:
            yield from self._close(element)
            return True
        return False

    def _member(self, element: _Element, key: str, *, probing: bool) -> _Steps:
        """Read the value of a key."""
        char = yield from self._peek()
        result = could_be_result(element.fields) if probing else True
        if key in ROW_KEYS and result and char == b"{" and element.depth < _DEEPEST:
            yield from self._nested(element, key, probing=probing)
            return
        if key in ROW_KEYS and result and char == b"[" and element.depth < _DEEPEST:
            inner = yield from self._peek(after=1)
            if inner in (b"[", b"{") or not probing:
                self._commit(element)
                yield from self._array(element)
                return
        value = yield from self._value()
        columns = columns_of(value, element.types) if key in COLUMN_KEYS and result else None
        if key in TYPE_KEYS:
            element.types = value
            if element.columns:
                element.columns = columns_of([c.name for c in element.columns], value)
        if columns is None:
            element.fields[key] = value
            return
        self._commit(element)
        element.columns = columns
        if element.results == 1:
            yield Columns(columns)

    def _nested(self, element: _Element, key: str, *, probing: bool) -> _Steps:
        """Read an object that stands where rows are expected: a result one level deeper."""
        inner = _Element(element.depth + 1)
        if not probing:
            self._mark = None
        if (yield from self._object(inner, probing=True)):
            self._commit(element)
            element.results += inner.results
        elif probing:
            element.fields[key] = inner.fields
        elif query_id := query_id_of(inner.fields, self._query_id):
            yield Reference(query_id, inner.fields)
        elif could_be_result(inner.fields):
            yield Fields(inner.fields)
        else:
            raise UnexpectedLayout("the object in the answer is no result that can be recognized")

    def _commit(self, element: _Element) -> None:
        """Take an object for one that holds results, for good."""
        element.understood = True
        self._mark = None

    def _close(self, element: _Element) -> _Steps:
        """Say what is left to say of an object that has been read."""
        fields = element.fields
        if element.columns is not None and not element.results:
            yield Begin(element.columns, "arrays")
            yield End()
        if element.depth == 0 and is_query_id(fields.get("data"), self._query_id):
            yield Reference(fields["data"], fields)
        strange = {key: value for key, value in fields.items() if not could_be_result({key: value})}
        if any(isinstance(value, list | dict) for value in strange.values()):
            nothing = not element.understood and fields.get("data") is None
            # Rows without names, and beside them what stands in no result: a row, taken for one.
            if nothing or (element.depth and element.columns is None):
                raise UnexpectedLayout("the answer holds no result that can be recognized")
        elif strange and element.depth and element.columns is None:
            raise UnexpectedLayout("the answer holds no result that can be recognized")
        if fields:
            yield Fields(fields)

    # Arrays of results or of rows

    def _array(self, element: _Element) -> _Steps:
        """Read an array that holds rows, results, or results of several statements."""
        yield from self._expect(b"[")
        first = yield from self._peek()
        if first == b"]":
            self._at += 1
        elif first not in (b"[", b"{"):
            yield from self._names(element)
        elif element.columns:
            form: RowFormat = "arrays" if first == b"[" else "objects"
            yield from self._rows(element, element.columns, form)
        elif first == b"{":
            yield from self._objects(element)
        elif (yield from self._peek(after=1)) in (b"{", b"]") and element.depth < _DEEPEST:
            yield from self._arrays(element)
        else:
            self._mark = self._at
            row = yield from self._value()
            yield from self._rows(element, unnamed(len(row)), "arrays", again=True)

    def _objects(self, element: _Element) -> _Steps:
        """Read an array of objects that are results, or else rows."""
        results = False
        while True:
            yield from self._peek()
            self._mark = self._at
            inner = _Element(element.depth + 1)
            if not (yield from self._object(inner, probing=True)):
                if query_id := query_id_of(inner.fields, self._query_id):
                    yield Reference(query_id, inner.fields)
                elif not results and inner.fields:
                    columns = [ResultColumn(name) for name in inner.fields]
                    yield from self._rows(element, columns, "objects", again=True)
                    return
                elif inner.fields:
                    raise UnexpectedLayout("an object among the results is no result")
            results, self._mark = True, None
            if not (yield from self._goes_on()):
                break
        yield from self._expect(b"]")

    def _arrays(self, element: _Element) -> _Steps:
        """Read an array with the rows of one statement in each of its items."""
        while True:
            inner = _Element(element.depth + 1)
            if (yield from self._peek()) != b"[":
                raise UnexpectedLayout("what stands among the rows of statements is no array")
            if (yield from self._peek(after=1)) == b"]":
                yield Begin([], "arrays")
                yield End()
            yield from self._array(inner)
            if not (yield from self._goes_on()):
                break
        yield from self._expect(b"]")

    def _names(self, element: _Element) -> _Steps:
        """Read an array that names queries, one for each statement."""
        while True:
            value = yield from self._value()
            if is_query_id(value, self._query_id):
                yield Reference(value, {})
            elif value is not None:
                raise UnexpectedLayout("what stands in the place of rows is none")
            if not (yield from self._goes_on()):
                break
        yield from self._expect(b"]")
        element.understood = True

    # Rows

    def _rows(
        self,
        element: _Element,
        columns: list[ResultColumn],
        form: RowFormat,
        *,
        again: bool = False,
    ) -> _Steps:
        """Read the rows of one result to the end of their array.

        Args:
            element: Object that they stand in.
            columns: Names of their values.
            form: How they are written.
            again: Whether the first has been looked at, and is to be read again from the mark.
        """
        if again and self._mark is not None:
            self._at = self._mark
        self._mark = self._parting = None
        element.results += 1
        yield Begin(columns, form)
        decoder = self.make_decoder(columns, form)
        size = _FIRST_BLOCK
        while (yield from self._peek()) != b"]":
            yield (yield from self._block(decoder, size))
            size = min(size * 2, _BLOCK)
            yield from self._goes_on()
        self._at += 1
        yield End()

    def _block(self, decoder: Decoder, size: int) -> Generator[None, None, list[Any]]:
        """Read as many whole rows as there are."""
        if self._parting is None:
            yield from self._learn_parting()
        yield from self._gather(size - len(self._buffer) + self._at)
        while True:
            cut = self._buffer.rfind(self._parting, self._at) if self._parting else -1
            if cut > 0:
                try:
                    rows = decoder.decode(self._buffer[self._at : cut + 1], sure=False)
                except NotJSON:
                    pass  # within a text or an array that looks alike, or behind the last row
                else:
                    self._at = cut + 1
                    return rows
            end = _end_of_rows(self._buffer, self._at)
            if end > self._at:
                rows = decoder.decode(self._buffer[self._at : end], sure=True)
                self._at = end
                return rows
            yield from self._more(len(self._buffer) - self._at)

    def _learn_parting(self) -> Generator[None, None, None]:
        """Learn from the first two rows how this answer parts one from the next."""
        end = yield from self._end_of_value()
        while True:
            comma = _SPACE.match(self._buffer, end).end()  # type: ignore[union-attr]  # matches all
            start = _SPACE.match(self._buffer, comma + 1).end()  # type: ignore[union-attr]
            if start < len(self._buffer):
                break
            if self._ended and not self._waiting:
                raise UnexpectedLayout(_BROKE_OFF)
            begin = self._at
            yield from self._more()
            end -= begin - self._at
        parted = self._buffer[comma : comma + 1] == b","
        self._parting = self._buffer[end - 1 : start + 1] if parted else b""

    # Bytes

    def _more(self, least: int = 1) -> Generator[None, None, None]:
        """Wait for so many further bytes, or what there is up to the end; it must be something."""
        yield from self._gather(max(1, least))
        if not self._taken:
            raise UnexpectedLayout(_BROKE_OFF)

    def _gather(self, least: int) -> Generator[None, None, None]:
        """Wait for so many further bytes, or what there is up to the end."""
        while self._waiting < least and not self._ended:
            self._wanted = least
            yield None
        self._wanted, self._taken = 0, self._waiting
        if not self._waiting:
            return
        floor = self._at if self._mark is None else self._mark
        self._buffer = b"".join([self._buffer[floor:], *self._pending])
        self._at -= floor
        self._mark = None if self._mark is None else 0
        self._pending.clear()
        self._waiting = 0

    def _peek(self, after: int = 0) -> Generator[None, None, bytes]:
        """Return the next byte that is not blank, or the one after it."""
        while True:
            place = _SPACE.match(self._buffer, self._at + after).end()  # type: ignore[union-attr]
            if place < len(self._buffer):
                self._at = self._at if after else place
                return self._buffer[place : place + 1]
            yield from self._more()

    def _peek_or_end(self) -> Generator[None, None, bytes]:
        try:
            return (yield from self._peek())
        except UnexpectedLayout:
            return b""

    def _expect(self, char: bytes) -> Generator[None, None, None]:
        if (yield from self._peek()) != char:
            raise UnexpectedLayout("the body of the answer is not JSON")
        self._at += 1

    def _goes_on(self) -> Generator[None, None, bool]:
        """Pass over the comma after a value; tell whether there was one."""
        char = yield from self._peek()
        if char == b",":
            self._at += 1
        elif char not in (b"]", b"}"):
            raise UnexpectedLayout("the body of the answer is not JSON")
        return char == b","

    def _end_of_value(self) -> Generator[None, None, int]:
        yield from self._peek()
        while (end := _end_of_value(self._buffer, self._at)) is None:
            # Twice as much each time, so that a large value is not looked through again and again.
            yield from self._more(len(self._buffer) - self._at)
        return end

    def _value(self) -> Generator[None, None, Any]:
        """Read one value, whatever it is."""
        end = yield from self._end_of_value()
        text = self._buffer[self._at : end]
        self._at = end
        try:
            return msgspec.json.decode(text)
        except (ValueError, RecursionError):
            pass
        try:
            return json.loads(text.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            raise UnexpectedLayout("the body of the answer is not JSON") from None


def _end_of_value(text: bytes, start: int) -> int | None:
    """Return where a value ends; None if its end is not there yet."""
    char = text[start : start + 1]
    if char == b'"':
        found = _STRING.match(text, start)
        return found.end() if found else None
    if char not in (b"[", b"{"):
        if char in (b",", b":", b"]", b"}"):
            raise UnexpectedLayout("the body of the answer is not JSON")
        found = _SCALAR.match(text, start)
        return found.end() if found else None
    depth = 0
    for mark in _MARK.finditer(text, start):
        sign = mark[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
            if not depth:
                return mark.end()
        elif sign == b'"':
            return None
    return None


def _end_of_rows(text: bytes, start: int) -> int:
    """Return where the last row ends that is there as a whole; the start if there is none."""
    depth, end = 0, start
    for mark in _MARK.finditer(text, start):
        sign = mark[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            if not depth:
                break
            depth -= 1
            if not depth:
                end = mark.end()
        elif sign == b'"':
            break
    return end
