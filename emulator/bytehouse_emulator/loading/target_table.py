"""Move loaded rows into a table at once, so that an execution takes effect as a whole or not.

Rows are loaded into a staging table first, which lists do not show. That an execution which fails
or is stopped leaves the target unchanged is inferred.
"""

from __future__ import annotations

from typing import Any, Final

from bytehouse_emulator.errors import invalid
from bytehouse_emulator.loading.plans import Target
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.sql.engine import Engine, EngineSession
from bytehouse_emulator.sql.lexer import full_name, quote_identifier, quote_string

_PREFIX: Final = ".inner.load."
# Each refused record leaves a small part behind; they are merged at the end.
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

    def create_staging(self, execution_id: str) -> str:
        """Create a staging table of the same structure, and return its name."""
        name = full_name(self.database, _PREFIX + execution_id)
        self._engine.run(f"CREATE TABLE {name} AS {self.name}")
        if self._has_parts:
            self._engine.run(f"ALTER TABLE {name} MODIFY SETTING {_PARTS}")
        return name

    def publish(self, staging: str, execution_id: str) -> None:
        """Move the rows of the staging table into the table."""
        with self._engine.session(execution_id) as session:
            if not self._has_parts and self.mode == "FULL":
                session.run(f"TRUNCATE TABLE {self.name}")
            if self._has_parts and self._replaces:
                self._replace_partitions(session, staging)
            else:
                columns = ", ".join(quote_identifier(name) for name in self.columns)
                session.run(f"INSERT INTO {self.name} ({columns}) SELECT {columns} FROM {staging}")
            self.deduplicate(session)

    def deduplicate(self, session: EngineSession) -> None:
        """Let rows of one unique key replace each other, so that counts are exact."""
        if self._clauses and self._clauses.unique_key:
            session.run(f"OPTIMIZE TABLE {self.name} FINAL")

    def drop(self, staging: str) -> None:
        """Drop the staging table."""
        self._engine.run(f"DROP TABLE IF EXISTS {staging} SYNC")

    @property
    def _replaces(self) -> bool:
        return self.mode == "FULL" or (
            self.mode == "INCREMENTAL" and bool(self._row["partition_key"])
        )

    def _replace_partitions(self, session: EngineSession, staging: str) -> None:
        loaded = _partitions(session, self.database, staging.rpartition(".`")[2][:-1])
        commands = [
            f"REPLACE PARTITION ID {quote_string(found)} FROM {staging}" for found in sorted(loaded)
        ]
        if self.mode == "FULL":
            existing = _partitions(session, self.database, self._row["name"])
            commands += [f"DROP PARTITION ID {quote_string(f)}" for f in sorted(existing - loaded)]
        if commands:
            session.run(f"ALTER TABLE {self.name} {', '.join(commands)}")


def drop_leftovers(engine: Engine) -> None:
    """Drop the staging tables of executions that ended with an earlier process."""
    found = engine.rows(
        f"SELECT database, name FROM system.tables WHERE startsWith(name, {quote_string(_PREFIX)})"
    )
    for row in found:
        engine.run(f"DROP TABLE IF EXISTS {full_name(row['database'], row['name'])} SYNC")


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
