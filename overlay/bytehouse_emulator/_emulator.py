"""Hold the parts of one emulator together."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ._access import Access
from ._admission import Admission
from ._catalog import Catalog
from ._clock import Clock
from ._engine import Engine
from ._faults import Faults
from ._gate import Gate
from ._iam import Iam
from ._journal import Journal
from ._lexer import quote_identifier
from ._loading import Loading
from ._mirrors import Mirrors
from ._queries import Queries
from ._results import ResultStore, Shape
from ._routes import serve_routes
from ._snapshots import Snapshots
from ._spec import Specification, specification_text
from ._state import State
from ._subscriptions import Subscriptions
from ._transitions import Transitions
from ._usage import Usage
from ._warehouses import Warehouses


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an emulator is to be."""

    token: str
    data: Path | None = None
    import_dir: Path | None = None
    roles: tuple[str, ...] = ()
    validate_answers: bool = False
    max_seconds: int = 600
    max_memory: int = 2 << 30
    max_body: int = 64 << 20
    routes: Path | None = None
    seed: Path | None = None
    result_shape: Shape = "columns"


@dataclass
class Emulator:
    """A local ByteHouse: its engine, its documents, and what runs on them."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    transitions: Transitions = field(default_factory=Transitions)

    def __post_init__(self) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        directory = self.settings.data
        if directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="bytehouse-emulator-")
            directory = Path(self._temporary.name)
        directory = directory.resolve()
        self.specification = Specification(specification_text())
        self.served = serve_routes(self.specification.operations, self.settings.routes)
        self.engine = Engine(
            directory / "engine",
            max_seconds=self.settings.max_seconds,
            max_memory=self.settings.max_memory,
        )
        self.state = State(directory / "state.sqlite3" if self.settings.data else None)
        self.gate = Gate()
        self.shape = self.settings.result_shape
        self._directory = directory
        self._snapshots = Snapshots(directory / "snapshots", self.engine, self.state)
        self._assemble()
        try:
            self._seed_once()
        except BaseException:
            self.close()
            raise

    def _assemble(self) -> None:
        """Make what works on the engine and the documents, and take up what they hold."""
        self.catalog = Catalog(self.engine, self.state, self.clock)
        self.iam = Iam(self.state, self.clock)
        self.warehouses = Warehouses(self.state, self.clock, self.transitions)
        self.access = Access(self.state, self.engine, self.iam, self.warehouses)
        self.usage = Usage(self.state, self.clock)
        self.subscriptions = Subscriptions(self.state, self.clock)
        self.mirrors = Mirrors(self.state, self.transitions)
        self.admission = Admission(
            self.engine,
            self.catalog,
            self.access,
            self.warehouses,
            self.usage,
            patience=self.settings.max_seconds,
        )
        self.queries = Queries(
            self.engine,
            self.state,
            self.catalog,
            ResultStore(self._results),
            clock=self.clock,
            admission=self.admission,
        )
        self.loading = Loading(
            engine=self.engine,
            state=self.state,
            catalog=self.catalog,
            clock=self.clock,
            transitions=self.transitions,
            directory=self.settings.import_dir or self._directory / "import",
        )
        self.iam.seed(self.settings.token, self.settings.roles)
        self.warehouses.seed()

    def reset(self) -> None:
        """Make everything as it was at the first start."""
        self.faults.clear()
        self.journal.clear()
        self.transitions.reset()
        self.queries.reset()
        self.loading.reset()
        for name in self.catalog.database_names():
            self.engine.run(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")
        self.clock.reset()
        with self.state.lock:
            # Nobody is refused in between for a key that is there before and after.
            self.state.clear()
            self.iam.seed(self.settings.token, self.settings.roles)
        self.warehouses.reset()
        self.warehouses.seed()
        self.shape = self.settings.result_shape
        self._seed_once()

    # Snapshots: nobody calls meanwhile, see `_gate.py`.

    def snapshots(self) -> list[str]:
        """Answer with the names of the snapshots."""
        return self._snapshots.names()

    def require_snapshot(self, name: str) -> None:
        """Say if there is no such snapshot."""
        self._snapshots.require(name)

    def take_snapshot(self, name: str, patience: float) -> None:
        """Save everything under a name, once what runs has ended."""
        self.queries.await_end(patience)
        with self.loading.at_rest(patience):
            ahead, pace = self.clock.ahead, self.transitions.pace
            self._snapshots.take(name, self._results, ahead, pace)

    def restore_snapshot(self, name: str) -> None:
        """Stop what runs and make everything as it was saved; faults are over."""
        self.queries.close()
        self.loading.reset()
        self.faults.clear()
        self.transitions.reset()
        manifest = self._snapshots.restore(name, self._results)
        self.clock.reset()
        self.clock.advance(manifest.clock_ahead)
        self.transitions.set_pace(manifest.pace)
        self._assemble()

    def delete_snapshot(self, name: str) -> None:
        """Forget a snapshot."""
        self._snapshots.delete(name)

    def close(self) -> bool:
        """Stop what runs and close; tell whether it all ended."""
        self.queries.close()
        self.loading.close()
        ended = self.engine.close()
        self.state.close()
        if ended and self._temporary:
            self._temporary.cleanup()
        return ended

    @property
    def _results(self) -> Path:
        return self._directory / "results"

    def _seed_once(self) -> None:
        """Bring in what the seed file holds, unless that was done before the last restart."""
        if self.settings.seed:
            # It calls the handlers, and those need this class.
            from ._seed import SeedFile

            SeedFile(self.settings.seed).apply_once(self)
