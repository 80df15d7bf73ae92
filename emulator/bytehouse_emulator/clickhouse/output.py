"""Run a statement and hand its result over, in any format of the engine, as it is made."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final

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
_CHUNK: Final = 1 << 20
_WAITING: Final = 8
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


class Output:
    """The result of one statement, between the thread that makes it and the one that sends it."""

    def __init__(self, request: ClickHouseRequest) -> None:
        self._request = request
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._abandoned = threading.Event()
        self.has_result = False
        self.summary = {"read_rows": "0", "read_bytes": "0", "written_rows": "0"}

    def execute(self, session: EngineSession, prepared: Prepared) -> None:
        """Run the statement; called in the thread of the query."""
        for table in self._request.external:
            name = quote_identifier(table.name)
            create = f"CREATE TEMPORARY TABLE {name} ({table.structure})"
            parsed(session, create)
            session.run(create)
            session.insert(f"INSERT INTO {name}", table.format, [table.data])
        try:
            self._run(session, prepared)
        finally:
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

    def _run(self, session: EngineSession, prepared: Prepared) -> None:
        request = self._request
        self.has_result = prepared.has_output
        if request.input_format:
            data = request.data
            if request.input_format.lower() == "values":
                parsed_rows(session, data.decode("utf-8", "replace"))
            pieces = (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK))
            written = session.insert(prepared.text, request.input_format, pieces)
            self.summary |= {"written_rows": str(written), "read_rows": str(written)}
            return
        sent = False
        if prepared.returns_rows and request.output_format.lower() in _STREAMED:
            for chunk in session.output_blocks(prepared.text, request.output_format):
                self._put(chunk)
                sent = True
            if sent:
                return
        # Without rows a result may have a header all the same.
        output = session.output(prepared.text, request.output_format)
        read = {"read_rows": str(output.rows_read), "read_bytes": str(output.bytes_read)}
        self.summary |= read
        for start in range(0, len(output.data), _CHUNK):
            self._put(output.data[start : start + _CHUNK])

    def _put(self, chunk: bytes) -> None:
        while not self._abandoned.is_set():
            try:
                return self._chunks.put(chunk, timeout=0.1)
            except queue.Full:
                pass
        raise EngineError("Code: 394. DB::Exception: The caller has gone. (QUERY_WAS_CANCELLED)")
