"""Save the whole state under a name, and restore it, in a fraction of a second.

Rows of MergeTree tables are not copied: their parts never change, so both sides share the files by
hard links. Databases and tables keep their ids. To attach a database the engine must know the ids
of its tables, so each is created once, empty, and then replaced by the saved files.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from bytehouse_emulator.errors import invalid, not_found
from bytehouse_emulator.simulation.transitions import Pace
from bytehouse_emulator.sql.engine import Engine
from bytehouse_emulator.sql.lexer import full_name, quote_identifier, quote_string
from bytehouse_emulator.storage.documents import DocumentStore

_NAME: Final = re.compile(r"[\w-]{1,64}")
_HIDDEN: Final = "('system', 'default', 'information_schema', 'INFORMATION_SCHEMA')"
_FORMAT: Final = "format_version.txt"


class Table(msgspec.Struct):
    """A table or view of the engine; the rows of an in-memory one are saved beside it."""

    name: str
    uuid: str
    engine: str


class Database(msgspec.Struct):
    """A database of the engine."""

    name: str
    uuid: str
    comment: str
    tables: list[Table] = []


class Manifest(msgspec.Struct):
    """What a snapshot has beside its files."""

    databases: list[Database]
    clock_ahead: int
    pace: Pace


class Snapshots:
    """The snapshots, each in a directory of its own."""

    def __init__(self, directory: Path, engine: Engine, documents: DocumentStore) -> None:
        self._directory = directory
        self._engine = engine
        self._documents = documents

    def names(self) -> list[str]:
        """Return the names of the snapshots."""
        if not self._directory.exists():
            return []
        return sorted(p.name for p in self._directory.iterdir() if not p.name.startswith("."))

    def save(self, name: str, results: Path, clock_ahead: int, pace: Pace) -> None:
        """Save everything, replacing a snapshot of the same name."""
        if not _NAME.fullmatch(name):
            reason = "1 to 64 letters, digits, '-' and '_'"
            raise invalid("Snapshot", f"{name[:80]!r} cannot be the name of a snapshot: {reason}.")
        fresh = self._directory / f".{uuid4().hex}"
        fresh.mkdir(parents=True)
        try:
            databases = list(self._databases())
            for database in databases:
                self._save_database(database, fresh)
            shutil.copytree(results, fresh / "results", copy_function=os.link)
            self._documents.save(fresh / "state.sqlite3")
            manifest = Manifest(databases, clock_ahead, pace)
            (fresh / "manifest.json").write_bytes(msgspec.json.encode(manifest))
            self.delete(name, missing_ok=True)
            fresh.rename(self._directory / name)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def restore(self, name: str, results: Path) -> Manifest:
        """Replace everything by what was saved."""
        saved = self.path(name)
        manifest = msgspec.json.decode((saved / "manifest.json").read_bytes(), type=Manifest)
        for database in self._databases():
            self._engine.run(f"DROP DATABASE {quote_identifier(database.name)} SYNC")
        for database in manifest.databases:
            self._attach(database, saved)
        shutil.rmtree(results)
        shutil.copytree(saved / "results", results, copy_function=os.link)
        self._documents.load(saved / "state.sqlite3")
        return manifest

    def delete(self, name: str, *, missing_ok: bool = False) -> None:
        """Delete a snapshot."""
        if not missing_ok or name in self.names():
            shutil.rmtree(self.path(name))

    def path(self, name: str) -> Path:
        """Return the directory of a snapshot; 404 if there is none."""
        if name not in self.names():
            raise not_found("Snapshot", name)
        return self._directory / name

    def _databases(self) -> Iterator[Database]:
        databases = self._engine.rows(
            "SELECT name, toString(uuid) AS uuid, comment FROM system.databases"
            f" WHERE name NOT IN {_HIDDEN} ORDER BY name"
        )
        tables = self._engine.rows(
            "SELECT database, name, toString(uuid) AS uuid, engine FROM system.tables"
            f" WHERE database NOT IN {_HIDDEN} ORDER BY name"
        )
        for row in databases:
            own = [t for t in tables if t["database"] == row["name"]]
            yield msgspec.convert(row | {"tables": own}, Database)

    def _save_database(self, database: Database, fresh: Path) -> None:
        metadata = self._engine.data / "store" / _directory(database.uuid)
        # The engine makes the directory with the first table.
        if database.tables:
            shutil.copytree(metadata, fresh / "metadata" / _directory(database.uuid))
        for table in database.tables:
            name = full_name(database.name, table.name)
            if table.engine.endswith("MergeTree"):
                self._freeze(name, table, fresh / "store" / _directory(table.uuid))
            elif table.engine == "Memory":
                with self._engine.session() as session:
                    (fresh / table.uuid).write_bytes(session.dump(f"SELECT * FROM {name}"))

    def _freeze(self, name: str, table: Table, target: Path) -> None:
        mark = uuid4().hex
        self._engine.run(f"ALTER TABLE {name} FREEZE WITH NAME {quote_string(mark)}")
        shadow = self._engine.data / "shadow" / mark
        frozen = shadow / "store" / _directory(table.uuid)
        target.parent.mkdir(parents=True, exist_ok=True)
        # A table without rows leaves nothing to freeze.
        if frozen.exists():
            frozen.rename(target)
        target.mkdir(exist_ok=True)
        shutil.rmtree(shadow, ignore_errors=True)
        stored = self._engine.data / "store" / _directory(table.uuid)
        shutil.copy(stored / _FORMAT, target / _FORMAT)

    def _attach(self, database: Database, saved: Path) -> None:
        run, name = self._engine.run, quote_identifier(database.name)
        comment = f" COMMENT {quote_string(database.comment)}" if database.comment else ""
        run(f"CREATE DATABASE {name} UUID '{database.uuid}'{comment}")
        if not database.tables:
            return
        for table in database.tables:
            full = full_name(database.name, table.name)
            run(f"CREATE TABLE {full} UUID '{table.uuid}' (x Int8) ENGINE = Null")
        run(f"DETACH DATABASE {name}")
        store = self._engine.data / "store"
        shutil.rmtree(store / _directory(database.uuid))
        metadata = saved / "metadata" / _directory(database.uuid)
        shutil.copytree(metadata, store / _directory(database.uuid))
        for table in database.tables:
            parts = saved / "store" / _directory(table.uuid)
            if parts.exists():
                shutil.copytree(parts, store / _directory(table.uuid), copy_function=os.link)
        run(f"ATTACH DATABASE {name}")
        for table in database.tables:
            if table.engine == "Memory" and (rows := (saved / table.uuid).read_bytes()):
                full = full_name(database.name, table.name)
                with self._engine.session() as session:
                    session.insert(f"INSERT INTO {full}", "Native", [rows])


def _directory(uuid: str) -> str:
    """Return where the engine stores the files of an id."""
    return f"{uuid[:3]}/{uuid}"
