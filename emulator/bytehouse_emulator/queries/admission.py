"""Admit queries to virtual warehouses, and check what their roles are permitted.

This is all that queries have to do with roles and warehouses.
"""

from __future__ import annotations

import time
from typing import Final

from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.iam.permissions import ACCOUNT, Permissions
from bytehouse_emulator.iam.users import ADMINS
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.model.usage import Usage
from bytehouse_emulator.model.warehouses import Warehouses
from bytehouse_emulator.queries.query import Query, Run
from bytehouse_emulator.sql.dialect import prepare
from bytehouse_emulator.sql.engine import EngineSession
from bytehouse_emulator.sql.lexer import split
from bytehouse_emulator.sql.parsed import parsed
from bytehouse_emulator.sql.permissions import RequiredPermission, required_permissions

_POLL_INTERVAL: Final = 0.02


class Admission:
    """Decides which queries may run, and when."""

    def __init__(
        self,
        catalog: Catalog,
        permissions: Permissions,
        warehouses: Warehouses,
        usage: Usage,
        *,
        start_timeout: float,
    ) -> None:
        self._catalog = catalog
        self._permissions = permissions
        self._warehouses = warehouses
        self._usage = usage
        self._start_timeout = start_timeout

    def admit(self, query: Query) -> None:
        """Admit a query to its warehouse, which may be resumed for it, or refuse it."""
        warehouse = self._warehouses.require_id(query.warehouse)
        self._permissions.require(query.role, "USE", self._permissions.warehouse(warehouse))
        query.warehouse = self._warehouses.acquire(warehouse).id

    def begin(self, run: Run) -> None:
        """Wait until the warehouse is up, and begin the record of its usage."""
        query = run.query
        deadline = time.monotonic() + self._start_timeout
        while not self._warehouses.is_up(query.warehouse):
            run.check_killed()
            if time.monotonic() > deadline:
                raise EmulatorError(
                    503,
                    "Warehouse_NotUp",
                    f"The virtual warehouse {query.warehouse!r} did not come up in"
                    f" {self._start_timeout:g} seconds.",
                )
            time.sleep(_POLL_INTERVAL)
        credits_per_hour = self._warehouses.credits_per_hour(query.warehouse)
        self._usage.begin(query.id, query.warehouse, credits_per_hour)

    def authorize(self, role: str, session: EngineSession, sql: str) -> None:
        """Refuse a statement, ready for the engine, that its role may not run."""
        if role not in ADMINS:
            for required in required_permissions(sql, session):
                self._require(role, required)

    def authorize_lineage(self, role: str, text: str) -> None:
        """Refuse the lineage of a query that the role may not run."""
        with self._catalog.engine.session() as session:
            for statement in split(text):
                prepared = prepare(statement, "clickhouse_sql", self._catalog.database_names)
                self.authorize(role, session, parsed(session, prepared.text))
                if prepared.words[0] == "USE":
                    session.run(prepared.text)

    def end(self, query: Query) -> None:
        """Record that a query has ended."""
        self._usage.end(query.id)
        self._warehouses.release(query.warehouse)

    def end_interrupted(self, query: Query) -> None:
        """Record that a query was running when an earlier process ended; it is charged nothing."""
        self._usage.end_unknown(query.id)

    def _require(self, role: str, required: RequiredPermission) -> None:
        if required.table:
            resource = self._permissions.table(required.database, required.table)
        elif required.database:
            resource = self._permissions.database(required.database)
        else:
            resource = ACCOUNT
        self._permissions.require(role, required.action, resource)
