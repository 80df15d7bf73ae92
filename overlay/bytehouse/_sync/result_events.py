# Derived from overlay/bytehouse/_async/result_events.py by `make generate`. Do not edit.
"""Turn the body of one response into the events that make up its results."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from .._api.status import Phase, phase_of
from .._core import json
from .._results.layouts import ROW_KEYS
from .._results.parser import Begin, End, Event, Fields, Reference, ResultParser
from .._results.scanning import UnexpectedLayout

if TYPE_CHECKING:
    from .._results.decoder import MakeDecoder, Row
    from ..errors import ByteHouseError
    from .response_body import Body


class ResultEvents:
    """Parse the body of a response, as it is received, into events.

    Args:
        body: The body.
        query_id: Id of the query whose results it holds.
        in_background: Whether that query has run in the background: then an id in the place of a
            result is that of a statement without rows.

    Attributes:
        parsing: Seconds that parsing the last event took.
    """

    def __init__(self, body: Body, query_id: str, *, in_background: bool = False) -> None:
        self._body = body
        self._parser = ResultParser(query_id)
        self.parsing = 0.0
        self._in_background = in_background
        self._queued: deque[Event] = deque()

    @property
    def body_ended(self) -> bool:
        """Whether the whole body has been received."""
        return self._body.ended

    @property
    def complete(self) -> bool:
        """Whether all of it has been parsed."""
        return self._parser.complete and not self._queued

    def receive(self) -> int:
        """Receive the next piece of the body, and return how many bytes it has."""
        piece = self._body.read()
        if piece:
            self._parser.feed(piece)
        else:
            self._parser.finish()
        return len(piece)

    def next(self) -> Event | None:
        """Return the next event that concerns a result; None until more has been received.

        Raises:
            ByteHouseError: The response holds an error, or cannot be parsed.
        """
        while True:
            if self._queued:
                return self._queued.popleft()
            event = self._parse()
            if isinstance(event, Fields | Reference):
                self._body.errors.check_fields(event.fields)
            if isinstance(event, Reference) and self._has_no_rows(event):
                self._queued += (Begin([], "arrays"), End())
            elif not isinstance(event, Fields):
                return event

    def decode_with(self, make_decoder: MakeDecoder) -> None:
        """Set how the rows of the result that begins are decoded."""
        self._parser.make_decoder = make_decoder

    def redacted(self, error: ByteHouseError) -> ByteHouseError:
        """Return an error about a value without the secrets of the call."""
        return self._body.errors.redacted(error)

    def require_result(self) -> None:
        """Check a body without events: it must have a place for results, if an empty one.

        Raises:
            ResponseDecodeError: It has none.
        """
        try:
            document = json.decode(self._parser.start.strip() or b"{}")
        except ValueError:
            return  # it is longer than its beginning
        if ROW_KEYS.isdisjoint(document):
            problem = "the response holds no result of the statement"
            raise self._body.errors.parse_error(problem, self._parser.start, b"")

    def preview(self, begin: Begin) -> list[Row]:
        """Return the rows of the result that begins that have been received, and keep them."""
        return self._parser.preview(begin)

    def close(self) -> None:
        """Close the body; what has not been received is lost."""
        self._body.close()

    def _has_no_rows(self, reference: Reference) -> bool:
        """Return whether the statement with this id is done, and has no rows to return."""
        fields = reference.fields
        succeeded = phase_of(fields.get("status")) is Phase.SUCCEEDED
        return self._in_background or succeeded or not ROW_KEYS.isdisjoint(fields)

    def _parse(self) -> Event | None:
        began = time.monotonic()
        try:
            return self._parser.next_event()
        except UnexpectedLayout as error:
            reason = str(error)
        finally:
            self.parsing = time.monotonic() - began
            self._body.spend(self.parsing)
        raise self._body.errors.parse_error(reason, self._parser.start, self._parser.unparsed)
