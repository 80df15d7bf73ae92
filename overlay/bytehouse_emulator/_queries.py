"""Run queries in threads of their own, and know of each where it stands."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Literal
from uuid import uuid4

import msgspec

from ._admission import Admission
from ._catalog import Catalog, full_name
from ._clock import Clock
from ._dialect import Mode, Prepared, prepare
from ._engine import Block, Engine, EngineError, EngineSession
from ._errors import EmulatorError, conflict, invalid, not_found
from ._lexer import quote_identifier, quote_string, split
from ._results import Result, ResultStore
from ._state import State

Status = Literal["NotStarted", "Running", "Finished", "Failed", "Killed"]
ENDED: Final = frozenset({"Finished", "Failed", "Killed"})
_WITH_OUTPUT: Final = frozenset("CHECK DESC DESCRIBE EXISTS EXPLAIN KILL SHOW".split())
_KEPT: Final = 1_000
_KEPT_BYTES: Final = 1 << 30
_KEPT_SETTINGS: Final = 100


class Failure(msgspec.Struct):
    """Why a query has no result."""

    status: int
    code: str
    message: str

    def error(self) -> EmulatorError:
        """Make the error that says so."""
        return EmulatorError(self.status, self.code, self.message)


class Query(msgspec.Struct, kw_only=True):
    """A query: what was asked, where it stands, what came of it."""

    id: str
    kind: Literal["sync", "async"]
    text: str
    mode: Mode
    max_rows: int = 0
    session: str = ""
    role: str = ""
    warehouse: str = ""
    status: Status = "NotStarted"
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    failure: Failure | None = None
    results: list[Result] = []


class QuerySession(msgspec.Struct):
    """What holds from one query of a session to its next."""

    database: str = ""
    settings: list[str] = []


class Run:
    """A query that has not ended."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.killed = False
        self.ended: Future[Query] = Future()
        # Who waits for it may give up; that must not cancel it.
        self.ended.set_running_or_notify_cancel()

    def require_alive(self) -> None:
        """Stop here if the query was killed between two statements."""
        if self.killed:
            raise EngineError("Code: 394. DB::Exception: Query was killed. (QUERY_WAS_CANCELLED)")


class Queries:
    """All queries, those that run and those that have ended."""

    def __init__(
        self,
        engine: Engine,
        state: State,
        catalog: Catalog,
        store: ResultStore,
        *,
        clock: Clock,
        admission: Admission,
    ) -> None:
        self.store = store
        self._engine = engine
        self._catalog = catalog
        self._clock = clock
        self._admission = admission
        self._queries = state.collection("query", Query)
        self._sessions = state.collection("query-session", QuerySession)
        self._live: dict[str, Run] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(32, thread_name_prefix="query")
        self._recover()

    def submit(self, query: Query) -> Run:
        """Take in a query; it runs as soon as a thread is free."""
        query.id = query.id or str(uuid4())
        query.created_at = self._clock.now()
        run = Run(query)
        with self._lock:
            if self._closed:
                raise EmulatorError(503, "Query_Aborted", "The emulator stops.")
            if self._queries.get(query.id):
                # That an id can be used once only is inferred: it is what a caller finds it by.
                raise conflict("Query", f"A query with the id {query.id!r} was submitted before.")
            self._admission.admit(query)
            self._queries.add(query.id, query)
            self._live[query.id] = run
            self._pool.submit(self._run, run)
        return run

    def get(self, query_id: str) -> Query:
        """Answer with a query, or say that there is none."""
        run = self._live.get(query_id)
        query = run.query if run else self._queries.get(query_id)
        if query is None:
            raise not_found("Query", query_id)
        return query

    def kill(self, query_id: str) -> Query:
        """End a query; one that has ended is left as it is."""
        query = self.get(query_id)
        if run := self._live.get(query_id):
            self._kill(run)
            return run.query
        return query

    def running(self, session: str) -> list[Query]:
        """Answer with the queries of a session that have not ended."""
        with self._lock:
            return [r.query for r in self._live.values() if r.query.session == session]

    def abort(self, session: str) -> Query | None:
        """End the queries of a session; answer with the last of them, if any ran."""
        with self._lock:
            found = [r for r in self._live.values() if r.query.session == session]
        self._kill(*found)
        return found[-1].query if found else None

    def stop(self) -> None:
        """End every query."""
        with self._lock:
            runs = list(self._live.values())
        self._kill(*runs)

    def await_end(self, patience: float) -> None:
        """Wait until no query runs, or say which one does."""
        deadline = time.monotonic() + patience
        for run in list(self._live.values()):
            if not _wait(run.ended, max(deadline - time.monotonic(), 0)):
                message = f"The query {run.query.id!r} runs still; kill it, or wait for its end."
                raise conflict("Query", message)

    def reset(self) -> None:
        """End every query and forget them all."""
        self.stop()
        with self._lock:
            self._sizes.clear()
            self.store.clear()

    def close(self) -> None:
        """End every query and take no other."""
        with self._lock:
            self._closed = True
        self.stop()
        self._pool.shutdown(wait=False)

    def session(self, name: str, query_id: str = "") -> EngineSession:
        """Open an engine session in the state that a query session has come to."""
        session = self._engine.session(query_id)
        if name and (kept := self._sessions.get(name)):
            try:
                for setting in kept.settings:
                    session.run(setting)
                if kept.database:
                    session.run(f"USE {quote_identifier(kept.database)}")
            except EngineError:
                # Its database may be gone since; statements that need it will say so.
                pass
        return session

    def _kill(self, *runs: Run) -> None:
        for run in runs:
            # Those that have not begun never will.
            run.killed = True
        for run in runs:
            # It may be between two statements, with nothing to kill just now: try again.
            for _ in range(40):
                self._engine.kill(run.query.id)
                if _wait(run.ended, 0.05):
                    break

    def _run(self, run: Run) -> None:
        query = run.query
        results: list[Result] = []
        try:
            run.require_alive()
            self._admission.begin(run)
            query.status, query.started_at = "Running", self._clock.now()
            with self.session(query.session, query.id) as session:
                self._run_statements(run, session, results)
            query.results = results
            self._end(run, "Finished")
        except EmulatorError as error:
            killed = run.killed and getattr(error, "name", "") == "QUERY_WAS_CANCELLED"
            code = error.code.removeprefix("errbook_")
            failure = Failure(error.status, code, error.message)
            self._fail(run, results, failure, "Killed" if killed else "Failed")
        except Exception as error:
            # Without an end the caller would wait for ever.
            failure = Failure(500, "Emulator_Fault", f"The emulator failed: {error!r}")
            self._fail(run, results, failure, "Failed")
            raise

    def _run_statements(self, run: Run, session: EngineSession, results: list[Result]) -> None:
        statements = split(run.query.text)
        if not statements:
            raise invalid("Query", "The query holds no statement.")
        kept: list[str] = []
        try:
            for statement in statements:
                run.require_alive()
                prepared = prepare(statement, run.query.mode, self._catalog.database_names)
                self._admission.authorize(run.query.role, session, prepared.text)
                results.append(self._execute(session, prepared, run.query.max_rows))
                if prepared.words[0] in {"SET", "USE"}:
                    kept.append(prepared.text)
        finally:
            if kept and run.query.session:
                self._keep_session(run.query.session, session, kept)

    def _execute(self, session: EngineSession, prepared: Prepared, max_rows: int) -> Result:
        if prepared.returns_rows:
            if max_rows:
                # Bounds what a SELECT returns, and nothing else.
                session.run(f"SET limit={max_rows}")
            return self.store.keep(*session.stream(prepared.text))
        if prepared.words[0] in _WITH_OUTPUT:
            columns, block = session.table(prepared.text)
            return self.store.keep(columns, [_visible(block, max_rows)])
        session.run(prepared.text)
        self._after(session, prepared)
        return Result([], 0)

    def _after(self, session: EngineSession, prepared: Prepared) -> None:
        word = prepared.words[0]
        if word == "CREATE" and prepared.database:
            sql = "SELECT toString(uuid) AS uuid FROM system.databases WHERE name = "
            for row in session.rows(sql + quote_string(prepared.database)):
                self._catalog.remember(row["uuid"])
        elif prepared.table and (word == "CREATE" or self._catalog.has_unique_keys):
            database, name = prepared.table
            place = quote_string(database) if database else "currentDatabase()"
            rows = session.rows(
                "SELECT toString(uuid) AS uuid, database FROM system.tables"
                f" WHERE database = {place} AND name = {quote_string(name)}"
            )
            for row in rows:
                origin = self._catalog.remember(row["uuid"], prepared.clauses)
                if word == "INSERT" and origin.clauses and origin.clauses.unique_key:
                    # Rows replace each other when parts are merged; counts are exact after that.
                    session.run(f"OPTIMIZE TABLE {full_name(row['database'], name)} FINAL")

    def _keep_session(self, name: str, session: EngineSession, kept: list[str]) -> None:
        state = self._sessions.get(name) or QuerySession()
        settings = [text for text in kept if text[:3].upper() == "SET"]
        older = [text for text in state.settings if text not in settings]
        state.settings = (older + settings)[-_KEPT_SETTINGS:]
        state.database = session.rows("SELECT currentDatabase() AS name")[0]["name"]
        self._sessions.put(name, state)

    def _fail(self, run: Run, results: list[Result], failure: Failure, status: Status) -> None:
        self.store.discard(results)
        run.query.failure = failure
        self._end(run, status)

    def _end(self, run: Run, status: Status) -> None:
        query = run.query
        self._admission.end(query)
        query.status, query.finished_at = status, self._clock.now()
        with self._lock:
            self._queries.put(query.id, query)
            self._live.pop(query.id, None)
            self._sizes[query.id] = sum(self.store.size(r) for r in query.results)
            self._forget_oldest()
        run.ended.set_result(query)

    def _forget_oldest(self) -> None:
        while len(self._sizes) > _KEPT or (
            len(self._sizes) > 1 and sum(self._sizes.values()) > _KEPT_BYTES
        ):
            oldest, _ = self._sizes.popitem(last=False)
            if query := self._queries.get(oldest):
                self.store.discard(query.results)
                self._queries.delete(oldest)

    def _recover(self) -> None:
        """Take up what an earlier process left: what ran then has failed."""
        for query in self._queries.all():
            if query.status not in ENDED:
                self._admission.lose(query)
                query.status, query.finished_at = "Failed", self._clock.now()
                query.failure = Failure(500, "Query_Lost", "The server stopped while it ran.")
                self._queries.put(query.id, query)
            self._sizes[query.id] = sum(self.store.size(r) for r in query.results)


def _wait(ended: Future[Query], seconds: float) -> bool:
    try:
        ended.result(seconds)
    except TimeoutError:
        return False
    return True


def _visible(block: Block, max_rows: int) -> Block:
    """Leave out the tables that hold the rows of materialized views."""
    lines = [line for line in block.lines.splitlines(True) if not line.startswith(b'[".inner')]
    lines = lines[:max_rows] if max_rows else lines
    return Block(b"".join(lines), len(lines))
