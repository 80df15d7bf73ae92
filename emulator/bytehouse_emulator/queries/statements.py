"""Statements of ByteHouse that run as others of the engine, for which its tables are looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import uuid4

from bytehouse_emulator.errors import invalid, not_modelled
from bytehouse_emulator.model.catalog import Catalog, Place
from bytehouse_emulator.sql.ddl import Clauses, restore
from bytehouse_emulator.sql.describe import bytehouse_description
from bytehouse_emulator.sql.dialect import Mode, Prepared
from bytehouse_emulator.sql.engine import EngineSession
from bytehouse_emulator.sql.lexer import Token, full_name, quote_string, split, tokens

_DESCRIBE: Final = frozenset({"DESC", "DESCRIBE"})
_CHANGES: Final = frozenset({"ALTER", "DELETE", "UPDATE"})
_BEFORE_TABLE: Final = frozenset({"FROM", "JOIN", ","})
# Words that are no alias of the table before them; empty for anything but a word.
_AFTER_TABLE: Final = frozenset(
    "WHERE PREWHERE SAMPLE GROUP ORDER LIMIT HAVING UNION INTERSECT EXCEPT SETTINGS JOIN LEFT RIGHT"
    " INNER FULL CROSS ASOF ANY ALL SEMI ANTI GLOBAL ARRAY ON USING QUALIFY WINDOW OFFSET".split()
) | {""}


class _Table(NamedTuple):
    """A table that a statement names, and where its name ends among the tokens."""

    database: str
    name: str
    uuid: str
    clauses: Clauses | None
    end: int

    @property
    def full(self) -> str:
        """Its full name, quoted."""
        return full_name(self.database, self.name)


class Statements:
    """What becomes of statements before they run.

    Args:
        catalog: The databases and tables.
        describes_flags: Whether DESCRIBE has the columns that ByteHouse adds.
    """

    def __init__(self, catalog: Catalog, *, describes_flags: bool) -> None:
        self._catalog = catalog
        self._describes_flags = describes_flags

    def translate(self, session: EngineSession, prepared: Prepared, mode: Mode) -> Prepared:
        """Return a statement that its role may run as the engine runs it."""
        words = prepared.words
        text = prepared.text
        if words[0] in _DESCRIBE and self._describes_flags:
            text = bytehouse_description(session, prepared, mode)
        elif words[:2] == ("SHOW", "CREATE"):
            text = self._show_create(session, text)
        elif words[0] in {"UPDATE", "DELETE"}:
            text = self._change_rows(session, text)
        elif words[:2] == ("ALTER", "TABLE"):
            text = self._drop_partitions(session, text)
        elif prepared.returns_rows:
            text = self._system_tables(text)
        return prepared if text == prepared.text else dataclasses.replace(prepared, text=text)

    def changed_table(self, session: EngineSession, prepared: Prepared) -> Place | None:
        """Return the table whose rows or columns a statement changes."""
        found = tokens(prepared.text) if prepared.words[0] in _CHANGES else []
        start = {"ALTER": 2, "DELETE": 2, "UPDATE": 1}.get(found[0].word, 0) if found else 0
        table = self._table(session, found, start) if start else None
        return (table.database, table.name) if table else None

    def _table(self, session: EngineSession, found: list[Token], start: int) -> _Table | None:
        names = [token.name for token in found[start : start + 3 : 2]]
        if len(found) < start + 3 or found[start + 1].text != ".":
            names = [session.current_database(), *names[:1]]
        end = start + (3 if len(found) > start + 1 and found[start + 1].text == "." else 1)
        rows = session.rows(
            "SELECT toString(uuid) AS uuid FROM system.tables WHERE NOT is_temporary AND database ="
            f" {quote_string(names[0])} AND name = {quote_string(names[-1])}"
        )
        if not rows:
            return None
        uuid = rows[0]["uuid"]
        return _Table(names[0], names[-1], uuid, self._catalog.clauses(uuid), end)

    def _show_create(self, session: EngineSession, text: str) -> str:
        found = tokens(text)
        start = 3 if found[2].word == "TABLE" else 2
        table = self._table(session, found, start)
        if table is None or table.clauses is None:
            return text
        [row] = session.rows(text)
        definition = restore(split(row["statement"])[0], table.clauses)
        return f"SELECT {quote_string(definition)} AS statement"

    def _change_rows(self, session: EngineSession, text: str) -> str:
        """UPDATE and DELETE FROM are documented for tables with a unique key."""
        found = tokens(text)
        updates = found[0].word == "UPDATE"
        table = self._table(session, found, 1 if updates else 2)
        if table is None:
            return text
        if table.clauses and not table.clauses.unique_key:
            command = "UPDATE" if updates else "DELETE"
            raise invalid(
                "Query",
                f"{command} takes a table with a unique key; {table.full} has none:"
                f" use ALTER TABLE ... {command}.",
            )
        words = {token.word for token in found[table.end :] if not token.depth}
        if not updates or found[table.end].word != "SET":
            return text
        where = "" if "WHERE" in words else " WHERE 1"
        return f"ALTER TABLE {table.full} UPDATE{text[found[table.end].end :]}{where}"

    def _drop_partitions(self, session: EngineSession, text: str) -> str:
        """DROP PARTITION WHERE drops the partitions in which the condition is true of a row."""
        found = tokens(text)
        words = [token.word for token in found]
        try:
            place = words.index("PARTITION")
        except ValueError:
            return text
        if words[place - 1 : place + 2] != ["DROP", "PARTITION", "WHERE"]:
            return text
        table = self._table(session, found, 2)
        if table is None or table.end != place - 1:
            raise not_modelled("DROP PARTITION WHERE beside other commands", "alone it is.")
        condition = text[found[place + 1].end :]
        rows = session.rows(
            f"SELECT _partition_id AS partition_id_, min(toUInt8(({condition}\n))) AS every_row_,"
            f" max(toUInt8(({condition}\n))) AS some_row_ FROM {table.full}"
            " GROUP BY partition_id_ HAVING some_row_"
        )
        if not all(row["every_row_"] for row in rows):
            raise invalid("Query", "DROP PARTITION WHERE takes a condition of the partition key.")
        commands = ", ".join(
            f"DROP PARTITION ID {quote_string(row['partition_id_'])}" for row in rows
        )
        return f"ALTER TABLE {table.full} {commands}" if rows else "SELECT 1 WHERE 0"

    def _system_tables(self, text: str) -> str:
        """Let `system.tables` say the engine and keys that a table was created with."""
        found = tokens(text)
        for at in range(len(found) - 3, 0, -1):
            named = [token.text.lower() for token in found[at : at + 3]] == [
                "system",
                ".",
                "tables",
            ]
            after = found[at + 3].text if at + 3 < len(found) else ""
            if not named or after == "." or found[at - 1].text.upper() not in _BEFORE_TABLE:
                continue
            followed = found[at + 3].word if after else ""
            alias = " AS tables" if followed in _AFTER_TABLE else ""
            replaced = self._catalog.described_tables()
            if replaced:
                text = text[: found[at].start] + replaced + alias + text[found[at + 2].end :]
        return text


def checkable(prepared: Prepared) -> str:
    """Return a statement that the engine can parse, with the same names and conditions.

    DROP PARTITION WHERE, which reads the rows that its condition is about, and UPDATE of all rows
    are ByteHouse's own.

    Raises:
        EmulatorError: There is no such statement.
    """
    text = prepared.text
    if prepared.words[0] not in {"ALTER", "DELETE", "UPDATE"}:
        return text  # an INSERT may have millions of tokens
    found = tokens(text)
    words = [token.word for token in found]
    for at in range(len(found) - 2):
        if words[at : at + 3] == ["DROP", "PARTITION", "WHERE"]:
            return text[: found[at].start] + "DELETE WHERE" + text[found[at + 2].end :]
    outer = {token.word for token in found if not token.depth}
    if words[0] in {"DELETE", "UPDATE"} and outer & {"LIMIT", "ORDER"}:
        raise not_modelled(f"{words[0]} with ORDER BY or LIMIT", "WHERE is.")
    return f"{text}\nWHERE 1" if words[0] == "UPDATE" and "WHERE" not in outer else text


def refuse_totals(text: str) -> None:
    """Refuse what is a result beside the rows, which a response of the API has no place for."""
    found = tokens(text)
    for before, token in pairwise(found):
        if token.word == "TOTALS" and before.word == "WITH":
            raise not_modelled("WITH TOTALS in the API", "use ROLLUP, or the ClickHouse interface.")
        if before.name.lower() == "extremes" and token.text == "=":
            raise not_modelled("extremes in the API", "use the ClickHouse interface.")


@contextmanager
def overwriting(session: EngineSession, prepared: Prepared) -> Iterator[Prepared]:
    """Let INSERT OVERWRITE fill a table of its own, whose partitions replace those of the target.

    Nothing changes if it fails; rows of other partitions than those named are left out.
    """
    overwrite = prepared.overwrite
    if overwrite is None:
        yield prepared
        return
    staging = overwrite.beside(session.current_database(), f".inner_overwrite_{uuid4().hex}")
    session.run(f"CREATE TABLE {staging} AS {overwrite.target}")
    try:
        yield dataclasses.replace(prepared, text=f"INSERT INTO {staging}{overwrite.rest}")
        commands = [
            f"REPLACE PARTITION {partition} FROM {staging}"
            for partition in overwrite.partitions or _partition_ids(session, staging)
        ]
        if overwrite.partitions is None:
            kept = set(_partition_ids(session, staging))
            old = _partition_ids(session, overwrite.target)
            commands += [f"DROP PARTITION {one}" for one in old if one not in kept]
        if commands:
            session.run(f"ALTER TABLE {overwrite.target} {', '.join(commands)}")
    finally:
        session.run(f"DROP TABLE IF EXISTS {staging} SYNC")


def _partition_ids(session: EngineSession, table: str) -> list[str]:
    rows = session.rows(f"SELECT DISTINCT _partition_id AS id FROM {table} ORDER BY id")
    return [f"ID {quote_string(row['id'])}" for row in rows]
