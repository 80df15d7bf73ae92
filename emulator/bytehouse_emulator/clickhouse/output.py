"""Run a statement and hand its result over, in any format of the engine, as it is made."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bytehouse_emulator.clickhouse.errors import RequestRefused
from bytehouse_emulator.clickhouse.request import ClickHouseRequest
from bytehouse_emulator.sql.dialect import Prepared
from bytehouse_emulator.sql.engine import EngineError, EngineSession
from bytehouse_emulator.sql.lexer import quote_identifier
from bytehouse_emulator.sql.parsed import parsed, parsed_rows

# A result in one of these is its blocks, one after the other; in any other it has one beginning
# and one end, and is made as a whole.
_STREAMED: Final = frozenset(
    "csv jsoncompacteachrow jsoneachrow jsonlines jsonstringseachrow native ndjson rowbinary"
    " tabseparated tabseparatedraw tsv tsvraw values".split()
)
_READS: Final = frozenset("CHECK DESC DESCRIBE EXISTS EXPLAIN SET SHOW USE".split())
_READ_ONLY: Final = (
    "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly."
    " You should use method POST for modifying queries."
)
_PROGRESS: Final = "read_rows read_bytes written_rows written_bytes total_rows_to_read".split()
# Python's own HTTP client takes no more than 100 headers.
_MAX_HEADERS: Final = 50
_CHUNK: Final = 1 << 20
_WAITING: Final = 8
# For how many seconds rows are held back to be sent with those that follow.
_DELAY: Final = 0.05
_CONTENT_TYPES: Final = {
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "csvwithnamesandtypes": "text/csv; charset=UTF-8; header=present",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "native": "application/octet-stream",
    "parquet": "application/octet-stream",
    "arrow": "application/octet-stream",
    "arrowstream": "application/octet-stream",
    "rowbinary": "application/octet-stream",
    "rowbinarywithnamesandtypes": "application/octet-stream",
}


def content_type(output_format: str) -> str:
    """Return the media type of a format."""
    name = output_format.lower()
    if name.startswith(("tabseparated", "tsv")):
        return "text/tab-separated-values; charset=UTF-8"
    return _CONTENT_TYPES.get(name, "text/plain; charset=UTF-8")


def _reads(prepared: Prepared) -> bool:
    """Return whether a statement changes nothing but its session."""
    temporary = prepared.words[:2] == ("CREATE", "TEMPORARY")
    return prepared.returns_rows or temporary or prepared.words[0] in _READS


class Output:
    """The result of one statement, between the thread that makes it and the one that sends it."""

    def __init__(self, request: ClickHouseRequest) -> None:
        self._request = request
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._abandoned = threading.Event()
        self._interval = request.progress_interval
        self._progress = dict.fromkeys(_PROGRESS, "0")
        self._headers: deque[str] = deque(maxlen=_MAX_HEADERS)
        self._next_header = 0.0
        self.has_result = False

    def execute(self, session: EngineSession, prepared: Prepared) -> None:
        """Run the statement; called in the thread of the query."""
        if self._request.reads_only and not _reads(prepared):
            raise RequestRefused("Readonly", _READ_ONLY)
        session.on_progress(self._note_progress)
        for table in self._request.external:
            name = quote_identifier(table.name)
            create = f"CREATE TEMPORARY TABLE {name} ({table.structure})"
            parsed(session, create)
            session.run(create)
            session.insert(f"INSERT INTO {name}", table.format, [table.data])
        try:
            self._run(session, prepared)
        finally:
            session.on_progress(None)
            for table in self._request.external:
                session.run(f"DROP TEMPORARY TABLE IF EXISTS {quote_identifier(table.name)}")

    def end(self) -> None:
        """Note that nothing follows; called when the query has ended, whatever became of it."""
        while True:
            try:
                return self._chunks.put(None, timeout=0.1)
            except queue.Full:
                if self._abandoned.is_set():
                    self._chunks.get()

    def chunks(self) -> Iterator[bytes]:
        """Return the result as it is made."""
        while (chunk := self._chunks.get()) is not None:
            yield chunk

    def abandon(self) -> None:
        """Let the query end, because nobody reads what it makes."""
        self._abandoned.set()

    def summary(self) -> str:
        """Return how far the query has come, as X-ClickHouse-Summary has it."""
        return json.dumps(self._progress)

    def progress_headers(self) -> Iterable[str]:
        """Return what X-ClickHouse-Progress had while it ran, the newest of it."""
        return tuple(self._headers)

    def _note_progress(self, progress: Mapping[str, int]) -> None:
        self._progress = {name: str(progress[name]) for name in _PROGRESS}
        now = time.monotonic()
        if self._request.flag("send_progress_in_http_headers") and now >= self._next_header:
            self._next_header = now + self._interval
            self._headers.append(self.summary())

    def _run(self, session: EngineSession, prepared: Prepared) -> None:
        request = self._request
        self.has_result = prepared.has_output
        if request.input_format:
            data = request.data
            if request.input_format.lower() == "values":
                parsed_rows(session, data.decode("utf-8", "replace"))
            pieces = (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK))
            written = session.insert(prepared.text, request.input_format, pieces)
            self._progress |= {"written_rows": str(written), "read_rows": str(written)}
            return
        if prepared.returns_rows and request.output_format.lower() in _STREAMED:
            # Blocks may be small: what comes at once is sent together.
            piece = bytearray()
            has_rows = False
            due = time.monotonic() + _DELAY
            for block in session.output_blocks(prepared.text, request.output_format):
                has_rows = True
                piece += block
                if len(piece) >= _CHUNK or time.monotonic() > due:
                    self._put(bytes(piece))
                    piece.clear()
                    due = time.monotonic() + _DELAY
            if piece:
                self._put(bytes(piece))
            if has_rows:
                return
        # Without rows a result may have a header all the same.
        data = session.output(prepared.text, request.output_format)
        for start in range(0, len(data), _CHUNK):
            self._put(data[start : start + _CHUNK])

    def _put(self, chunk: bytes) -> None:
        while not self._abandoned.is_set():
            try:
                return self._chunks.put(chunk, timeout=0.1)
            except queue.Full:
                pass
        raise EngineError("Code: 394. DB::Exception: The caller has gone. (QUERY_WAS_CANCELLED)")
