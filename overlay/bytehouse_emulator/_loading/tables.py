"""Put loaded rows into a table in one go, so that an execution takes effect whole or not at all.

Rows are gathered in a table beside the target, which lists do not show. That an execution which
fails or is stopped leaves the target as it was is inferred.
"""

from __future__ import annotations

from typing import Any, Final

from .._catalog import Catalog, full_name
from .._engine import Engine, EngineSession
from .._errors import invalid
from .._lexer import quote_identifier, quote_string
from .plans import Target

_PREFIX: Final = ".inner.load."
# Each refused record leaves a small part behind; they are merged in the end.
_PARTS: Final = "parts_to_delay_insert=1000000, parts_to_throw_insert=1000000"


class TargetTable:
    """A table that rows are loaded into."""

    def __init__(self, catalog: Catalog, target: Target) -> None:
        row = catalog.row(target.database, target.table)
        if not row["engine"].endswith("MergeTree") and row["engine"] != "Memory":
            kind = f"{row['database']}.{row['name']}"
            raise invalid("ImportJob", f"{kind} is no table that rows can be loaded into.")
        self.mode = target.load_mode
        self.name = full_name(row["database"], row["name"])
        self.database: str = row["database"]
        self._engine = catalog.engine
        self._row = row
        self._clauses = catalog.clauses(row["uuid"])
        self.columns = _insertable(catalog.engine, row)

    @property
    def _has_parts(self) -> bool:
        return bool(self._row["engine"].endswith("MergeTree"))

    def stage(self, execution_id: str) -> str:
        """Make a table of the same structure, and answer with its name."""
        name = f"{quote_identifier(self.database)}.{quote_identifier(_PREFIX + execution_id)}"
        self._engine.run(f"CREATE TABLE {name} AS {self.name}")
        if self._has_parts:
            self._engine.run(f"ALTER TABLE {name} MODIFY SETTING {_PARTS}")
        return name

    def publish(self, staged: str, execution_id: str) -> None:
        """Put the gathered rows where they belong."""
        with self._engine.session(execution_id) as session:
            if not self._has_parts and self.mode == "FULL":
                session.run(f"TRUNCATE TABLE {self.name}")
            if self._has_parts and self._replaces:
                self._replace_partitions(session, staged)
            else:
                columns = ", ".join(quote_identifier(name) for name in self.columns)
                session.run(f"INSERT INTO {self.name} ({columns}) SELECT {columns} FROM {staged}")
            self.settle(session)

    def settle(self, session: EngineSession) -> None:
        """Let rows of one unique key replace each other, so that counts are exact."""
        if self._clauses and self._clauses.unique_key:
            session.run(f"OPTIMIZE TABLE {self.name} FINAL")

    def drop(self, staged: str) -> None:
        """Remove the gathered rows."""
        self._engine.run(f"DROP TABLE IF EXISTS {staged} SYNC")

    @property
    def _replaces(self) -> bool:
        return self.mode == "FULL" or (
            self.mode == "INCREMENTAL" and bool(self._row["partition_key"])
        )

    def _replace_partitions(self, session: EngineSession, staged: str) -> None:
        loaded = _partitions(session, self.database, staged.rpartition(".`")[2][:-1])
        commands = [
            f"REPLACE PARTITION ID {quote_string(found)} FROM {staged}" for found in sorted(loaded)
        ]
        if self.mode == "FULL":
            there = _partitions(session, self.database, self._row["name"])
            commands += [f"DROP PARTITION ID {quote_string(f)}" for f in sorted(there - loaded)]
        if commands:
            session.run(f"ALTER TABLE {self.name} {', '.join(commands)}")


def drop_leftovers(engine: Engine) -> None:
    """Remove what executions that ended with the process have gathered."""
    found = engine.rows(
        f"SELECT database, name FROM system.tables WHERE startsWith(name, {quote_string(_PREFIX)})"
    )
    for row in found:
        place = f"{quote_identifier(row['database'])}.{quote_identifier(row['name'])}"
        engine.run(f"DROP TABLE IF EXISTS {place} SYNC")


def _insertable(engine: Engine, row: dict[str, Any]) -> tuple[str, ...]:
    found = engine.rows(
        "SELECT name FROM system.columns"
        f" WHERE database = {quote_string(row['database'])}"
        f" AND table = {quote_string(row['name'])}"
        " AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position"
    )
    return tuple(entry["name"] for entry in found)


def _partitions(session: EngineSession, database: str, table: str) -> set[str]:
    found = session.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active"
        f" AND database = {quote_string(database)} AND table = {quote_string(table)}"
    )
    return {row["partition_id"] for row in found}
