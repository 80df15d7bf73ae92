"""Complete keywords, databases, tables and columns in the shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bytehouse import ByteHouseError

if TYPE_CHECKING:
    from bytehouse import ByteHouse

_KEYWORDS = """
    ALTER AND ANY ARRAY AS ASC BETWEEN BY CASE CAST CLUSTER COLUMN COMMENT CREATE CROSS
    DATABASE DEFAULT DELETE DESC DESCRIBE DISTINCT DROP ELSE END ENGINE EXCEPT EXISTS EXPLAIN
    FINAL FORMAT FROM FULL FUNCTION GLOBAL GROUP HAVING IF ILIKE IN INNER INSERT INTERSECT
    INTERVAL INTO IS JOIN KEY LEFT LIKE LIMIT MATERIALIZED NOT NULL OFFSET ON OPTIMIZE OR
    ORDER OUTER OVER PARTITION PREWHERE PRIMARY RENAME RIGHT SAMPLE SELECT SET SETTINGS SHOW
    TABLE TABLES THEN TO TRUNCATE TTL UNION UNIQUE UPDATE USE USING VALUES VIEW WHEN WHERE
    WITH
""".split()
_WORD = re.compile(r"[\w.`]*\Z")
_TABLE = re.compile(
    r"\b(?:from|join|into|update|table|describe|\\d)\s+(?:(\w+)\.)?(\w+)", re.IGNORECASE
)


class ShellCompleter(Completer):
    """Offer what may stand at the cursor. Names are read from the service once, and kept.

    Args:
        client: Client to read them with.
        database: Returns the database of the session.
    """

    def __init__(self, client: ByteHouse, database: Callable[[], str]) -> None:
        self._client = client
        self._database = database
        self._known: dict[tuple[str, ...], list[str]] = {}

    def forget(self) -> None:
        """Read the names anew when they are needed next."""
        self._known.clear()

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - prompt_toolkit gives it
    ) -> Iterable[Completion]:
        """Yield the completions of the word before the cursor."""
        found = _WORD.search(document.text_before_cursor)
        word = found[0] if found else ""
        with suppress(ByteHouseError):  # typing goes on without the names
            qualifier, dot, start = word.rpartition(".")
            names = self._qualified(qualifier) if dot else self._plain(document.text)
            for name in dict.fromkeys(names):
                if name.lower().startswith(start.lower()):
                    yield Completion(name, start_position=-len(start))
            return
        for name in _KEYWORDS:
            if name.startswith(word.upper()):
                yield Completion(name, start_position=-len(word))

    def _plain(self, text: str) -> Iterator[str]:
        for database, table in _TABLE.findall(text):
            yield from self._columns(database or self._database(), table)
        yield from self._tables(self._database())
        yield from self._databases()
        yield from _KEYWORDS

    def _qualified(self, qualifier: str) -> Iterator[str]:
        if "." in qualifier:
            database, _, table = qualifier.partition(".")
            yield from self._columns(database, table)
        elif qualifier in self._databases():
            yield from self._tables(qualifier)
        else:
            yield from self._columns(self._database(), qualifier)

    def _databases(self) -> list[str]:
        return self._names((), self._client.databases.list)

    def _tables(self, database: str) -> list[str]:
        return self._names((database,), lambda: self._client.tables.list(database))

    def _columns(self, database: str, table: str) -> list[str]:
        return self._names(
            (database, table),
            lambda: self._client.tables.get(database, table).columns or (),
        )

    def _names(self, key: tuple[str, ...], read: Callable[[], Iterable[object]]) -> list[str]:
        if key not in self._known:
            try:
                self._known[key] = [name for one in read() if (name := getattr(one, "name", None))]
            except ByteHouseError:
                self._known[key] = []
        return self._known[key]
