"""Read the results of statements out of an answer's body, piece by piece, in constant memory.

The reader does no input: it is fed with pieces of the body, cut anywhere, and hands out what it has
understood. It walks over the body value by value, and takes rows in blocks: whatever stands between
two commas that part rows is decoded at once, and only that decoding proves that they do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any, Literal

import attrs
import msgspec

from ._column_types import ResultColumn
from ._decoding import Form, MakeDecoder, NotJSON, NotRows, Row, RowDecoder, python_rows
from ._shapes import (
    COLUMN_KEYS,
    ROW_KEYS,
    TYPE_KEYS,
    columns_of,
    could_be_result,
    query_id_of,
    unnamed,
)

__all__ = ["Begin", "Columns", "End", "Event", "Fields", "NotUnderstood", "Reference", "Reader"]

_BLOCK = 1 << 18
_DEEPEST = 4
_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,:\]}\[{\"]+(?=[ \t\r\n,:\]}\[{\"])")
_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)


class NotUnderstood(ValueError):
    """Say that the body is not what an answer to a query can be."""


@attrs.frozen
class Begin:
    """Say that a result begins. Without columns, the statement had no rows to return."""

    columns: list[ResultColumn]
    form: Form


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


Event = Begin | Columns | End | Reference | Fields | list[Row]
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


class Reader:
    """Understand a body as it comes.

    Args:
        query_id: Id that the query was submitted under.

    Attributes:
        make_decoder: How rows are to be decoded; it may be changed where a result begins.
        complete: Whether the body has been understood to its end.
    """

    def __init__(self, query_id: str | None = None) -> None:
        self.make_decoder: MakeDecoder = python_rows
        self.complete = False
        self._query_id = query_id
        self._buffer = b""
        self._pending: list[bytes] = []
        self._at = 0
        self._mark: int | None = None
        self._wanted = 0
        self._waiting = 0
        self._ended = False
        self._steps = self._body()

    @property
    def start(self) -> bytes:
        """What has not been understood yet, or the start of it."""
        return (self._buffer[self._at :] or b"".join(self._pending))[:2000]

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        self._pending.append(piece)
        self._waiting += len(piece)

    def finish(self) -> None:
        """Take note that the body has come to its end."""
        self._ended = True

    def next(self) -> Event | None:
        """Return what comes next in the body; None if more of it is needed, or nothing is left.

        Raises:
            NotUnderstood: The body is broken, ends too early, or holds something else.
        """
        if self._waiting < self._wanted and not self._ended:
            return None
        try:
            return next(self._steps)
        except StopIteration:
            self.complete = True
            return None
        except (NotJSON, NotRows) as error:
            raise NotUnderstood(str(error)) from None

    # What the body is made of.

    def _body(self) -> _Steps:
        first = yield from self._peek(optional=True)
        if first == b"{":
            top = _Element(0)
            yield from self._object(top)
            if not (top.understood or could_be_result(top.fields)):
                raise NotUnderstood("the answer holds no result that can be recognized")
        elif first:
            raise NotUnderstood("the body of the answer is not a JSON object")
        if (yield from self._peek(optional=True)):
            raise NotUnderstood("something follows after the end of the answer")

    def _object(self, element: _Element, probing: bool = False) -> Generator[None | Event, None, bool]:
        """Read an object that may hold results; tell whether it does.

        While probing, the object may be a row as well, and nothing is handed out before it is known
        to be none.
        """
        yield from self._expect(b"{")
        more = (yield from self._peek()) != b"}"
        while more:
            key = yield from self._value()
            if not isinstance(key, str):
                raise NotUnderstood("the answer is not JSON: a key is no text")
            yield from self._expect(b":")
            yield from self._member(element, key, probing)
            probing = probing and not element.understood
            more = yield from self._goes_on(b"}")
        yield from self._expect(b"}")
        if not probing:
            yield from self._closing(element)
        return not probing

    def _closing(self, element: _Element) -> _Steps:
        if element.columns is not None and not element.results:
            yield Begin(element.columns, "arrays")
            yield End()
        if element.fields:
            yield Fields(element.fields)

    def _member(self, element: _Element, key: str, probing: bool) -> _Steps:
        char = yield from self._peek()
        if (
            key in ROW_KEYS
            and char in (b"[", b"{")
            and element.depth < _DEEPEST
            and not (probing and element.columns is None and not could_be_result(element.fields))
            and not (probing and (yield from self._is_plain(char)))
        ):
            self._commit(element)
            yield from self._results(element, char)
            return
        value = yield from self._value()
        if key in TYPE_KEYS:
            element.types = value
        columns = columns_of(value, element.types) if key in COLUMN_KEYS else None
        if columns is None or (probing and not could_be_result(element.fields)):
            element.fields[key] = value
            return
        self._commit(element)
        if element.results == 1:
            yield Columns(columns)
        element.columns = columns

    def _commit(self, element: _Element) -> None:
        """Take an object for one that holds results, for good."""
        element.understood = True
        self._mark = None

    def _is_plain(self, char: bytes) -> Generator[None, None, bool]:
        """Tell whether an array begins with what is neither a row nor a result."""
        if char == b"{":
            return False
        before, self._at = self._at, self._at + 1
        inner = yield from self._peek()
        self._at = before if self._mark is None else self._at
        return inner not in (b"[", b"{", b"]")
