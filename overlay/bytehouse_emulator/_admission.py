"""Let a query run where it may: on a warehouse that is up, with what its role is allowed.

This is all that `_queries.py` knows of roles and warehouses.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ._access import ACCOUNT, Access
from ._catalog import Catalog
from ._dialect import Mode, prepare
from ._engine import Engine, EngineSession
from ._errors import EmulatorError
from ._iam import ADMINS
from ._lexer import split
from ._statements import Need, needs
from ._usage import Usage
from ._warehouses import Warehouses

if TYPE_CHECKING:
    from ._queries import Query, Run

_GLANCE: Final = 0.02


class Admission:
    """The way in for queries."""

    def __init__(
        self,
        engine: Engine,
        catalog: Catalog,
        access: Access,
        warehouses: Warehouses,
        usage: Usage,
        *,
        patience: float,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._access = access
        self._warehouses = warehouses
        self._usage = usage
        self._patience = patience

    def admit(self, query: Query) -> None:
        """Take a query in on its warehouse, which may be resumed for it, or refuse it."""
        named = self._warehouses.require_id(query.warehouse)
        self._access.require(query.role, "USE", self._access.warehouse(named))
        query.warehouse = self._warehouses.occupy(named).id

    def begin(self, run: Run) -> None:
        """Wait until the warehouse is up, and start its account of time."""
        query = run.query
        deadline = time.monotonic() + self._patience
        while not self._warehouses.is_up(query.warehouse):
            run.require_alive()
            if time.monotonic() > deadline:
                raise EmulatorError(
                    503,
                    "Warehouse_NotUp",
                    f"The virtual warehouse {query.warehouse!r} did not come up in"
                    f" {self._patience:g} seconds.",
                )
            time.sleep(_GLANCE)
        rate = self._warehouses.rate(query.warehouse)
        self._usage.begin(query.id, query.warehouse, rate)

    def authorize(self, role: str, session: EngineSession, text: str) -> None:
        """Refuse a statement, ready for the engine, that its role may not run."""
        if role not in ADMINS:
            for need in needs(text, session):
                self._require(role, need)

    def authorize_lineage(self, role: str, text: str, mode: Mode = "clickhouse_sql") -> None:
        """Refuse to tell what a text reads under a role that may not run it."""
        with self._engine.session() as session:
            for statement in split(text):
                prepared = prepare(statement, mode, self._catalog.database_names)
                self.authorize(role, session, prepared.text)
                if prepared.words[0] == "USE":
                    session.run(prepared.text)

    def end(self, query: Query) -> None:
        """Let a query go."""
        self._usage.end(query.id)
        self._warehouses.release(query.warehouse)

    def lose(self, query: Query) -> None:
        """Charge nothing for a query that was lost with an earlier process."""
        self._usage.abandon(query.id)

    def _require(self, role: str, need: Need) -> None:
        if need.table:
            resource = self._access.table(need.database, need.table)
        elif need.database:
            resource = self._access.database(need.database)
        else:
            resource = ACCOUNT
        self._access.require(role, need.action, resource)
