"""Run queries in threads of their own, and store what became of each."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from uuid import uuid4

from bytehouse_emulator.errors import EmulatorError, already_exists, illegal_state, invalid
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.queries.admission import Admission
from bytehouse_emulator.queries.query import ENDED, Execute, Failure, Query, Run, Status
from bytehouse_emulator.queries.sessions import OpenSession, Sessions
from bytehouse_emulator.queries.statements import Statements, checkable, overwriting, refuse_totals
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.sql.dialect import Prepared, prepare
from bytehouse_emulator.sql.engine import Block, EngineSession
from bytehouse_emulator.sql.lexer import full_name, quote_string, split
from bytehouse_emulator.sql.parsed import parsed
from bytehouse_emulator.storage.documents import DocumentStore
from bytehouse_emulator.storage.results import Result, ResultStore

_MAX_QUERIES: Final = 1_000
_MAX_BYTES: Final = 1 << 30


class Queries:
    """All queries, running and ended."""

    def __init__(
        self,
        documents: DocumentStore,
        catalog: Catalog,
        store: ResultStore,
        clock: Clock,
        admission: Admission,
        *,
        describes_flags: bool = True,
    ) -> None:
        self.store = store
        self._engine = catalog.engine
        self._catalog = catalog
        self._clock = clock
        self._admission = admission
        self._statements = Statements(catalog, describes_flags=describes_flags)
        self._queries = documents.collection("query", Query)
        self._sessions = Sessions(documents, catalog.engine, clock)
        self._runs: dict[str, Run] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(32, thread_name_prefix="query")
        self._recover()

    def submit(self, query: Query, execute: Execute | None = None) -> Run:
        """Accept a query; it runs as soon as a thread is free.

        With `execute` that runs its statements, and nothing of their results is stored.
        """
        query.id = query.id or str(uuid4())
        query.created_at = self._clock.now()
        run = Run(query, execute)
        with self._lock:
            if self._closed:
                raise EmulatorError(503, "Query_Aborted", "The emulator stops.")
            found = self._queries.get(query.id)
            if found and execute and found.status in ENDED and not found.results:
                # At the ClickHouse interface, where none is looked up by its id, it is free again.
                self._queries.delete(query.id)
            elif found:
                # That an id can be used once only is inferred: a caller finds the query by it.
                raise already_exists(
                    "Query", f"A query with the id {query.id!r} was submitted before."
                )
            self._sessions.begin(query)
            try:
                self._admission.admit(query)
            except EmulatorError:
                self._sessions.end(query)
                raise
            self._queries.add(query.id, query)
            self._runs[query.id] = run
            self._pool.submit(self._run, run)
        return run

    def get(self, query_id: str) -> Query:
        """Return a query; 404 if there is none."""
        run = self._runs.get(query_id)
        return run.query if run else self._queries.require(query_id, "Query")

    def kill(self, query_id: str) -> Query:
        """Kill a query; one that has ended stays as it is."""
        query = self.get(query_id)
        if run := self._runs.get(query_id):
            self._kill(run)
            return run.query
        return query

    def running(self, session: str) -> list[Query]:
        """Return the queries of a session that have not ended."""
        return [run.query for run in self._running() if run.query.session == session]

    def abort(self, session: str) -> Query | None:
        """Kill the queries of a session; return the last of them, if any."""
        found = [run for run in self._running() if run.query.session == session]
        self._kill(*found)
        return found[-1].query if found else None

    def kill_all(self) -> None:
        """Kill every query."""
        self._kill(*self._running())

    def wait_until_idle(self, timeout: float) -> None:
        """Wait until no query runs; an error if one still does after a time."""
        deadline = time.monotonic() + timeout
        for run in self._running():
            if not run.wait(max(deadline - time.monotonic(), 0)):
                message = f"The query {run.query.id!r} runs still; kill it, or wait for its end."
                raise illegal_state("Query", message)

    def reset(self) -> None:
        """Kill every query and delete all results; the documents are deleted elsewhere."""
        self.kill_all()
        self._sessions.close()
        with self._lock:
            self._sizes.clear()
            self.store.clear()

    def close(self) -> None:
        """Kill every query and accept no other."""
        with self._lock:
            self._closed = True
        self.kill_all()
        self._sessions.close()
        self._pool.shutdown(wait=False)

    def _running(self) -> list[Run]:
        with self._lock:
            return list(self._runs.values())

    def _kill(self, *runs: Run) -> None:
        for run in runs:
            # Keeps those that have not begun from beginning.
            run.killed = True
        for run in runs:
            # It may be between two statements, with nothing to kill at the moment: try again.
            for _ in range(40):
                self._engine.kill(run.query.id)
                if run.changes:
                    self._catalog.end_changes(run.changes, failed=False)
                if run.wait(0.05):
                    break

    def _run(self, run: Run) -> None:
        query = run.query
        results: list[Result] = []
        try:
            run.check_killed()
            self._admission.begin(run)
            query.status, query.started_at = "Running", self._clock.now()
            with self._sessions.use(query) as session:
                self._run_statements(run, session, results)
            query.results = results
            self._end(run, "Finished")
        except EmulatorError as error:
            name = getattr(error, "name", "")
            killed = run.killed and name in {"QUERY_WAS_CANCELLED", "UNFINISHED"}
            if run.changes:
                self._catalog.end_changes(run.changes, failed=name == "UNFINISHED")
            code = error.code.removeprefix("errbook_")
            failure = Failure(error.status, code, error.message)
            self._fail(run, results, failure, "Killed" if killed else "Failed")
        except Exception as error:
            # Without an end the caller would wait for ever.
            failure = Failure(500, "Emulator_Fault", f"The emulator failed: {error!r}")
            self._fail(run, results, failure, "Failed")
            raise

    def _run_statements(self, run: Run, session: OpenSession, results: list[Result]) -> None:
        statements = split(run.query.text)
        if not statements:
            raise invalid("Query", "The query holds no statement.")
        for statement in statements:
            run.check_killed()
            prepared = prepare(statement, run.query.mode, self._catalog.database_names)
            checked = parsed(session.engine, checkable(prepared))
            self._admission.authorize(run.query.role, session.engine, checked)
            if prepared.overwrite:  # which deletes rows, too (inferred)
                truncate = f"TRUNCATE TABLE {prepared.overwrite.target}"
                self._admission.authorize(run.query.role, session.engine, truncate)
            prepared = self._statements.translate(session.engine, prepared, run.query.mode)
            if prepared.reads_log:
                self._engine.run("SYSTEM FLUSH LOGS query_log")
            if prepared.log_comment:
                session.engine.run_as(run.query.id, prepared.log_comment)
            run.changes = self._statements.changed_table(session.engine, prepared)
            with overwriting(session.engine, prepared) as ready:
                if run.execute:
                    run.execute(session.engine, ready)
                else:
                    results.append(self._execute(session.engine, ready, run.query.max_rows))
            run.changes = None
            self._record_objects(session.engine, prepared)
            if prepared.log_comment:
                session.engine.run_as(run.query.id)
            session.ran(prepared)

    def _execute(self, session: EngineSession, prepared: Prepared, max_rows: int) -> Result:
        if prepared.returns_rows or prepared.words[0] == "SET":
            refuse_totals(prepared.text)
        if prepared.returns_rows:
            if max_rows:
                # Limits what a SELECT returns, and nothing else.
                session.run(f"SET limit={max_rows}")
            return self.store.store(*session.stream(prepared.text))
        if prepared.has_output:
            columns, block = session.table(prepared.text)
            return self.store.store(columns, [_without_inner_tables(block, max_rows)])
        session.run(prepared.text)
        return Result([], 0)

    def _record_objects(self, session: EngineSession, prepared: Prepared) -> None:
        word = prepared.words[0]
        if word == "CREATE" and prepared.database:
            sql = "SELECT toString(uuid) AS uuid FROM system.databases WHERE name = "
            for row in session.rows(sql + quote_string(prepared.database)):
                self._catalog.record(row["uuid"])
        elif prepared.table and (word == "CREATE" or self._catalog.has_unique_keys):
            database, name = prepared.table
            condition = quote_string(database) if database else "currentDatabase()"
            rows = session.rows(
                "SELECT toString(uuid) AS uuid, database FROM system.tables"
                f" WHERE database = {condition} AND name = {quote_string(name)}"
            )
            for row in rows:
                origin = self._catalog.record(row["uuid"], prepared.clauses)
                if word == "INSERT" and origin.clauses and origin.clauses.unique_key:
                    # Rows replace each other when parts are merged; only then counts are exact.
                    session.run(f"OPTIMIZE TABLE {full_name(row['database'], name)} FINAL")

    def _fail(self, run: Run, results: list[Result], failure: Failure, status: Status) -> None:
        self.store.delete(results)
        run.query.failure = failure
        self._end(run, status)

    def _end(self, run: Run, status: Status) -> None:
        query = run.query
        self._admission.end(query)
        self._sessions.end(query)
        query.status, query.finished_at = status, self._clock.now()
        with self._lock:
            self._queries.put(query.id, query)
            self._runs.pop(query.id, None)
            self._sizes[query.id] = sum(self.store.size(r) for r in query.results)
            self._delete_oldest()
        run.ended.set_result(query)

    def _delete_oldest(self) -> None:
        while len(self._sizes) > _MAX_QUERIES or (
            len(self._sizes) > 1 and sum(self._sizes.values()) > _MAX_BYTES
        ):
            oldest, _ = self._sizes.popitem(last=False)
            if query := self._queries.get(oldest):
                self.store.delete(query.results)
                self._queries.delete(oldest)

    def _recover(self) -> None:
        """Load the queries of an earlier process: what ran when it ended has failed."""
        for query in self._queries.all():
            if query.status not in ENDED:
                self._admission.end_interrupted(query)
                query.status, query.finished_at = "Failed", self._clock.now()
                query.failure = Failure(500, "Query_Lost", "The server stopped while it ran.")
                self._queries.put(query.id, query)
            self._sizes[query.id] = sum(self.store.size(r) for r in query.results)


def _without_inner_tables(block: Block, max_rows: int) -> Block:
    """Remove the tables that store the rows of materialized views."""
    lines = [line for line in block.lines.splitlines(True) if not line.startswith(b'[".inner')]
    lines = lines[:max_rows] if max_rows else lines
    return Block(b"".join(lines), len(lines))
