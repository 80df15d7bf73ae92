"""Run SQL on chDB, the ClickHouse engine inside this process.

The engine's hazards are dealt with here:

- The output of a query that fails half-way is prepended to the connection's next result, so every
  request has a session of its own, which costs a fraction of a millisecond, and empties it on
  failure.
- Some statements end the process or reach outside it (SYSTEM SHUTDOWN, Kafka tables, `file()`), so
  there are no grants but those below; `parsed.py` refuses what grants do not cover.
- Without its `default` database the engine opens no session, so that one cannot be changed.
- A query that runs while the process exits crashes it, so `close` kills queries and waits first.
- A fork after the import hangs, so the emulator is a process of its own.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from xml.sax.saxutils import escape

import msgspec
from chdb import ChdbError
from chdb.state import connect
from chdb.state.sqlitelike import Connection

from bytehouse_emulator.errors import EmulatorError, invalid
from bytehouse_emulator.sql.lexer import quote_string

_ERROR: Final = re.compile(r"Code: (\d+)\. DB::Exception: (.*?)(?: ?\((\w+)\))?\s*$", re.DOTALL)
_VERSION: Final = re.compile(r" \(version [\d.]+\)$")
# Marks the emulator's own queries in the engine's log.
OWN: Final = "/* own */"
# The engine's log_comment is the id of a query, and on further lines the caller's log_comment.
QUERY_LOG: Final = (
    "(SELECT * EXCEPT (own_comment) REPLACE (splitByChar('\\n', own_comment)[1] AS query_id,"
    " arrayStringConcat(arraySlice(splitByChar('\\n', own_comment), 2), '\\n') AS log_comment)"
    " FROM (SELECT *, log_comment AS own_comment FROM system.query_log)"
    f" WHERE own_comment != '' AND NOT startsWith(query, '{OWN}')"
    " AND NOT startsWith(query, 'SET '))"
)
_NESTED: Final = re.compile(r"Code: \d+\. DB::Exception: |\s*\(version [\d.]+\)\.?(?: \(\w+\))?")
_STACK_TRACE: Final = re.compile(r"\s+0\. \S+ @ 0x.*", re.DOTALL)
# What happens to a name without a database: nothing can be created in `default`, and what is not
# found there is looked for among files.
_NO_DATABASE: Final = re.compile(r" ON default\.|READ ON FILE")
_TOO_LONG: Final = re.compile(r"The max length of table name|File name too long")
_MAX_KEPT: Final = 4
_PROTECTED: Final = ("system", "default", "information_schema", "INFORMATION_SCHEMA")

_CONFIG: Final = """\
<clickhouse>
  <user_directories><users_xml><path>{path}</path></users_xml></user_directories>
  <profiles><default>
    {settings}
    <constraints>
      <max_execution_time><min>1</min><max>{seconds}</max></max_execution_time>
      <max_memory_usage><min>1</min><max>{memory}</max></max_memory_usage>
      {fixed}
    </constraints>
  </default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks>
    <profile>default</profile><quota>default</quota>
    <grants>{grants}</grants>
  </default></users>
  <query_log>
    <database>system</database><table>query_log</table>
    <ttl>event_date + INTERVAL {log_days} DAY DELETE</ttl>
  </query_log>
</clickhouse>
"""
# Settings that name files or addresses for the engine to read or write, hold an expression of their
# own, or change the language of statements; no caller may set them.
_FIXED: Final = (
    "additional_result_filter",
    "additional_table_filters",
    "allow_experimental_eval_table_function",
    "dialect",
    "filesystem_cache_name",
    "format_avro_schema_registry_url",
    "format_schema",
    "format_schema_source",
    "input_format_record_errors_file_path",
    "output_format_schema",
    "parallel_replicas_custom_key",
    "rename_files_after_processing",
    "schema_inference_hints",
    "url_base",
)
# The engine's query log must not grow for ever.
LOG_DAYS: Final = 2
_CHANGES: Final = "INSERT, ALTER, DROP, TRUNCATE, OPTIMIZE, CREATE TABLE, CREATE VIEW"
_GRANTS: Final = (
    f"GRANT {_CHANGES}, CREATE DATABASE, CREATE DICTIONARY, CREATE TEMPORARY TABLE ON *.*",
    "GRANT SELECT, SHOW, dictGet, KILL QUERY ON *.*",
    "GRANT SYSTEM FLUSH LOGS ON *.*",
    "REVOKE ALTER FETCH PARTITION ON *.*",
    *(f"REVOKE {_CHANGES}, CREATE DICTIONARY ON {name}.*" for name in _PROTECTED),
)
# What a caller may have set for the session, and would change what the emulator finds out.
_NEUTRAL: Final = (
    "\nSETTINGS limit = 0, offset = 0, max_result_rows = 0, max_result_bytes = 0,"
    " max_rows_to_read = 0, max_bytes_to_read = 0, prefer_column_name_to_alias = 0"
)
_LINES: Final = "JSONCompactEachRowWithNamesAndTypes"
_BASE: Final = "21.8"
# In the profile rather than in each session, because setting `compatibility` takes 2 ms.
_SETTINGS: Final = {
    # The version that ByteHouse derives from decides what is quoted and which defaults apply.
    "compatibility": _BASE,
    "implicit_select": 0,
    # A statement is also parsed as a string within another, where its quotes are escaped.
    "max_query_size": 1 << 20,
    # Rows of a unique key replace each other, within their partition.
    "final": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "log_queries_min_type": "QUERY_FINISH",
    # A change is complete when its statement returns.
    "alter_sync": 2,
    "mutations_sync": 2,
    "database_atomic_wait_for_drop_and_detach_synchronously": 1,
}


class EngineError(EmulatorError):
    """An error of the engine, with its name.

    Which status and code the service returns is not documented. 400 for whatever is wrong with a
    statement, and a code made of the engine's name for the error, are inferred.
    """

    def __init__(self, raw: str) -> None:
        match = _ERROR.search(raw)
        number, text, name = match.groups() if match else ("0", raw, None)
        self.name: str = name or "UNKNOWN_EXCEPTION"
        # A syntax error lists every keyword there is; its position is enough.
        reason = _NESTED.sub("", _STACK_TRACE.sub("", text)).partition(" Expected one of:")[0]
        reason = reason.strip()
        if self.name == "ACCESS_DENIED" and _NO_DATABASE.search(reason):
            self.name = "NO_DATABASE"
            reason = "No database is selected: name it before the table, or begin with USE."
        status = {"ACCESS_DENIED": 403, "ABORTED": 503}.get(self.name, 400)
        if _TOO_LONG.search(reason):
            # The service keeps no files by the names of tables.
            status, reason = 501, f"A name of so many bytes is not modelled: {reason}"
        code = "".join(word.capitalize() for word in self.name.split("_"))
        super().__init__(
            status,
            f"Query_{code}",
            f"Code: {number}. DB::Exception: {reason} ({self.name})",
        )

    def about(self, kind: str) -> EmulatorError:
        """Return the error of an object of this kind that the engine did not create: 400 means that
        its definition is wrong."""
        return invalid(kind, str(self)) if self.status == 400 else self


def with_id(column: str, query_id: str) -> str:
    """Return a condition on the log_comment of a query."""
    return f"splitByChar('\\n', {column})[1]={quote_string(query_id)}"


class ResultColumn(msgspec.Struct, frozen=True):
    """Name and ClickHouse type of a column."""

    name: str
    type: str


class Block(NamedTuple):
    """Rows of a result, one JSON array per line."""

    lines: bytes
    rows: int


class Engine:
    """The engine on one directory; a process has one at a time."""

    def __init__(self, directory: Path, *, max_seconds: int = 600, max_memory: int = 2 << 30):
        if found := set("?&%#") & set(str(directory)):
            raise RuntimeError(f"The engine takes no path with {' '.join(found)}: {directory}")
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "config.xml"
        grants = "".join(f"<query>{grant}</query>" for grant in _GRANTS)
        bounds = {"max_execution_time": max_seconds, "max_memory_usage": max_memory}
        settings = "".join(f"<{k}>{v}</{k}>" for k, v in (_SETTINGS | bounds).items())
        text = _CONFIG.format(
            path=escape(str(config)),
            settings=settings,
            seconds=max_seconds,
            memory=max_memory,
            fixed="".join(f"<{name}><const/></{name}>" for name in _FIXED),
            grants=grants,
            log_days=LOG_DAYS,
        )
        config.write_text(text, encoding="utf-8")
        self.data = directory / "data"
        self._source = f"{self.data}?config-file={config}"
        self._open = 0
        self._kept: list[EngineSession] = []
        self._changed = threading.Condition()
        self._closed = False
        # While this one is open, opening another is cheap.
        try:
            self._anchor = connect(self._source)
        except RuntimeError as error:
            message = f"The engine cannot open {directory}. Is another emulator using it? {error}"
            raise RuntimeError(message) from None
        if str(self._anchor.query("SELECT getSetting('compatibility')", "TSVRaw")).strip() != _BASE:
            # Without them a statement could read any file.
            raise RuntimeError("The engine did not take its grants and settings.")

    def session(self, query_id: str = "") -> EngineSession:
        """Open a session whose queries `kill` finds by an id."""
        with self._changed:
            if self._closed:
                raise EngineError("Code: 236. DB::Exception: The emulator stops. (ABORTED)")
            self._open += 1
        try:
            session = EngineSession(connect(self._source), self._closed_session)
        except BaseException:
            self._closed_session()
            raise
        try:
            session.run_as(query_id)
        except BaseException:
            session.close()
            raise
        return session

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run one query of the emulator's own, in a session that is kept, which saves time."""
        with self._changed:
            session = self._kept.pop() if self._kept else None
        session = session or self.session()
        try:
            found = session.rows(sql)
        except BaseException:
            session.close()
            raise
        with self._changed:
            keep = len(self._kept) < _MAX_KEPT and not self._closed
            if keep:
                self._kept.append(session)
        if not keep:
            session.close()
        return found

    def run(self, sql: str) -> None:
        """Run one statement of the emulator's own."""
        with self.session() as session:
            session.run(sql)

    def kill(self, query_id: str) -> None:
        """Kill the running queries of an id; they end with code 394."""
        self._kill(with_id("Settings['log_comment']", query_id))

    def close(self, timeout: float = 10) -> bool:
        """Kill what runs, wait for it, and close; return whether all ended in time."""
        with self._changed:
            self._closed = True
            kept, self._kept = self._kept, []
        for session in kept:
            session.close()
        with self._changed:
            while self._open and timeout > 0:
                self._kill("1")
                self._changed.wait(0.2)
                timeout -= 0.2
            if self._open:
                return False
        self._anchor.close()
        return True

    def _kill(self, condition: str) -> None:
        self._anchor.query(f"KILL QUERY WHERE {condition} AND query NOT ILIKE 'KILL%' ASYNC")

    def _closed_session(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


class EngineSession:
    """A session: settings, current database and temporary tables hold within it."""

    def __init__(self, session: Connection, closed: Callable[[], None]) -> None:
        self._session = session
        self._closed = closed

    def run_as(self, query_id: str, log_comment: str = "") -> None:
        """Let what follows run under the id of a query, by which it is killed and found."""
        # Statistics of the emulator's own queries are never requested.
        logged = f", log_queries={int(bool(query_id))}"
        comment = f"{query_id}\n{log_comment}" if log_comment else query_id
        self.run(f"SET log_comment={quote_string(comment)}{logged}")

    def reset_setting(self, name: str) -> None:
        """Set a setting to what it is in a new session."""
        value = quote_string(str(_SETTINGS[name])) if name in _SETTINGS else "DEFAULT"
        self.run(f"SET {name}={value}")

    def close(self) -> None:
        """End it."""
        try:
            self._session.close()
        finally:
            self._closed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, sql: str) -> None:
        """Run a statement whose output does not matter."""
        self.output(sql, "Null")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Run a query of the emulator's own and return its rows."""
        settings = _NEUTRAL if sql.lstrip().startswith("SELECT") else ""
        lines = self.output(f"{OWN} {sql}{settings}", "JSONEachRow").splitlines()
        return [msgspec.json.decode(line) for line in lines]

    def current_database(self) -> str:
        """Return the database that names without one are looked up in."""
        name: str = self.rows("SELECT currentDatabase() AS name")[0]["name"]
        return name

    def dump(self, sql: str) -> bytes:
        """Run a query of the emulator's own and return its rows in the format Native."""
        return self.output(f"{OWN} {sql}", "Native")

    def table(self, sql: str) -> tuple[list[ResultColumn], Block]:
        """Run any statement; without a result there are no columns."""
        output = self.output(sql, _LINES)
        return _with_header(output) if output else ([], Block(b"", 0))

    def stream(self, sql: str) -> tuple[list[ResultColumn], Iterator[Block]]:
        """Run a SELECT and return its rows block by block."""
        blocks = map(_with_header, self.output_blocks(sql, _LINES))
        first = next(blocks, None)
        if first is None:
            return self._describe(sql), iter(())
        columns, block = first
        return columns, chain([block], (following for _, following in blocks))

    def insert(self, sql: str, input_format: str, chunks: Iterable[bytes]) -> int:
        """Run an INSERT of rows in a format, cut anywhere; return how many were written."""
        try:
            with self._session.send_insert(sql, input_format) as inserter:
                for chunk in chunks:
                    inserter.append(chunk)
                written: int = inserter.finish().rows_written
        except (ChdbError, RuntimeError) as error:
            raise EngineError(_VERSION.sub("", str(error).rstrip())) from None
        return written

    def on_progress(self, callback: Callable[[dict[str, int]], None] | None) -> None:
        """Let a function know how far statements have come, in rows and bytes; or none."""
        self._session.set_progress_callback(callback)

    def output(self, sql: str, output_format: str) -> bytes:
        """Run a statement and return its whole result in a format."""
        try:
            return bytes(self._session.query(sql, output_format).bytes())
        except (ChdbError, RuntimeError) as error:
            raise self._failed(error) from None

    def output_blocks(self, sql: str, output_format: str) -> Iterator[bytes]:
        """Run a SELECT and return its result block by block, each a document of the format."""
        try:
            with self._session.send_query(sql, output_format) as stream:
                for chunk in stream:
                    if data := chunk.bytes():
                        yield data
        except (ChdbError, RuntimeError) as error:
            raise self._failed(error) from None

    def _describe(self, sql: str) -> list[ResultColumn]:
        found = self.rows(f"DESCRIBE ({sql}\n)")
        return [ResultColumn(row["name"], row["type"]) for row in found]

    def _failed(self, error: Exception) -> EngineError:
        # Discards what the failed query had already output, see above.
        self._session.query("")
        return EngineError(str(error))


def _with_header(data: bytes) -> tuple[list[ResultColumn], Block]:
    names, types, lines = data.split(b"\n", 2)
    pairs = zip(msgspec.json.decode(names), msgspec.json.decode(types), strict=True)
    return [ResultColumn(*pair) for pair in pairs], Block(lines, lines.count(b"\n"))
