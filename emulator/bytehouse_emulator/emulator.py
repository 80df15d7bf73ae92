"""Assemble one emulator."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from bytehouse_emulator.errors import Statuses
from bytehouse_emulator.iam.permissions import Permissions
from bytehouse_emulator.iam.users import Iam
from bytehouse_emulator.loading.service import Loading
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.model.mysql_sync import MySqlSyncs
from bytehouse_emulator.model.subscriptions import Subscriptions
from bytehouse_emulator.model.usage import Usage
from bytehouse_emulator.model.warehouses import Warehouses
from bytehouse_emulator.queries.admission import Admission
from bytehouse_emulator.queries.queries import Queries
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.simulation.faults import Faults
from bytehouse_emulator.simulation.journal import Journal
from bytehouse_emulator.simulation.transitions import Transitions
from bytehouse_emulator.spec.routes import served_routes
from bytehouse_emulator.spec.specification import Specification, specification_text
from bytehouse_emulator.sql.engine import Engine
from bytehouse_emulator.sql.lexer import quote_identifier
from bytehouse_emulator.storage.documents import DocumentStore
from bytehouse_emulator.storage.request_gate import RequestGate
from bytehouse_emulator.storage.results import ResultStore, Shape
from bytehouse_emulator.storage.snapshots import Snapshots


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of an emulator; those of its command are documented there."""

    token: str
    data: Path | None = None
    import_dir: Path | None = None
    roles: tuple[str, ...] = ()
    validate_answers: bool = False
    lenient: bool = False
    max_seconds: int = 600
    max_memory: int = 2 << 30
    max_body: int = 64 << 20
    routes: Path | None = None
    seed: Path | None = None
    result_shape: Shape = "columns"
    statuses: Statuses = "documented"
    describe: Literal["bytehouse", "clickhouse"] = "bytehouse"


class _Ahead(msgspec.Struct):
    """How far the clock is ahead, which a restart does not change."""

    nanoseconds: int


class Emulator:
    """A local ByteHouse: its engine, its documents, and what works on them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.journal = Journal()
        self.transitions = Transitions()
        self.gate = RequestGate()
        self.shape = settings.result_shape
        self.statuses = settings.statuses
        self.specification = Specification(specification_text())
        self.routes = served_routes(self.specification.operations, settings.routes)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        directory = settings.data
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="bytehouse-emulator-")
            directory = Path(self._temporary.name)
        self._directory = directory.resolve()
        self.engine = Engine(
            self._directory / "engine",
            max_seconds=settings.max_seconds,
            max_memory=settings.max_memory,
        )
        self.documents = DocumentStore(self._directory / "state.sqlite3" if settings.data else None)
        stored = self.documents.collection("clock", _Ahead)
        found = stored.get("")
        self.clock = Clock(
            found.nanoseconds if found else 0, lambda ahead: stored.put("", _Ahead(ahead))
        )
        self.snapshots = Snapshots(self._directory / "snapshots", self.engine, self.documents)
        self._load()

    def _load(self) -> None:
        """Create what works on the engine and the documents, from what these have stored."""
        documents, clock = self.documents, self.clock
        self.catalog = Catalog(self.engine, documents, clock)
        self.iam = Iam(documents, clock)
        self.warehouses = Warehouses(documents, clock, self.transitions)
        self.permissions = Permissions(documents, self.engine, self.iam, self.warehouses)
        self.usage = Usage(documents, clock)
        self.subscriptions = Subscriptions(documents, clock)
        self.mysql_syncs = MySqlSyncs(documents, self.transitions)
        self.admission = Admission(
            self.catalog,
            self.permissions,
            self.warehouses,
            self.usage,
            start_timeout=self.settings.max_seconds,
        )
        results = ResultStore(self._results)
        self.queries = Queries(
            documents,
            self.catalog,
            results,
            clock,
            self.admission,
            describes_flags=self.settings.describe == "bytehouse",
        )
        self.loading = Loading(
            documents,
            self.catalog,
            clock,
            self.transitions,
            directory=self.settings.import_dir or self._directory / "import",
        )
        self.iam.add_defaults(self.settings.token, self.settings.roles)
        self.warehouses.add_default()

    def reset(self) -> None:
        """Restore the state of the first start, without what a seed adds to it."""
        self.faults.clear()
        self.journal.clear()
        self.transitions.reset()
        self.queries.reset()
        self.loading.reset()
        for name in self.catalog.database_names():
            self.engine.run(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")
        self.clock.reset()
        with self.documents.lock:
            # No call is refused in between for a key that is valid before and after.
            self.documents.clear()
            self.iam.add_defaults(self.settings.token, self.settings.roles)
        self.warehouses.reset()
        self.warehouses.add_default()
        self.shape = self.settings.result_shape

    def save_snapshot(self, name: str, timeout: float) -> None:
        """Save everything under a name, once nothing runs; no request may be in progress."""
        self.queries.wait_until_idle(timeout)
        with self.loading.paused(timeout):
            self.snapshots.save(name, self._results, self.clock.ahead, self.transitions.pace)

    def restore_snapshot(self, name: str) -> None:
        """Stop what runs and restore a snapshot, without faults; no request may be in progress."""
        self.queries.close()
        self.loading.reset()
        self.faults.clear()
        self.transitions.reset()
        manifest = self.snapshots.restore(name, self._results)
        self.clock.reset()
        self.clock.advance(manifest.clock_ahead)
        self.transitions.pace = manifest.pace
        self._load()

    def close(self) -> bool:
        """Stop what runs and close; return whether everything ended."""
        self.queries.close()
        self.loading.close()
        ended = self.engine.close()
        self.documents.close()
        if ended and self._temporary:
            self._temporary.cleanup()
        return ended

    @property
    def _results(self) -> Path:
        return self._directory / "results"
