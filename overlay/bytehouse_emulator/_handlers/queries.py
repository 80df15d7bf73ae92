"""Answer the operations on queries."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from starlette.concurrency import run_in_threadpool

from .._call import Call, Streamed, operation
from .._catalog import TYPES
from .._dialect import prepare
from .._engine import EngineError, EngineSession
from .._errors import conflict, invalid, not_found
from .._lexer import Statement, quote_string, split
from .._queries import Query, Run
from .._shapes import results, submitted

_TREE_TABLE: Final = re.compile(r"\bTABLE id: \d+.*?\btable_name: ([^,]+)")
_AST_TABLE: Final = re.compile(r"\bTableIdentifier (\S+)")
_LINEAGE: Final = {"TABLE": "tables", "VIEW": "views", "MATERIALIZED_VIEW": "materializedViews"}


@operation
async def submit_sync_query(call: Call) -> Streamed:
    """Run statements and answer with their results, or with the query's id if it takes too long.

    What an answer that has switched to asynchronous looks like is inferred.
    """
    patience = call.body.get("asyncModeSwitchAfterInSec", 0)
    if patience < 0:
        raise invalid("Query", "asyncModeSwitchAfterInSec must not be negative; 0 means never.")
    run = await run_in_threadpool(_submit, call, "sync")
    ended = asyncio.shield(asyncio.wrap_future(run.ended))
    try:
        query = await asyncio.wait_for(ended, patience or None)
    except TimeoutError:
        return submitted(call.emulator.shape, run.query)
    if query.failure:
        raise query.failure.error()
    return results(call.emulator.shape, query, call.emulator.queries.store, 0, sync=True)


@operation
def submit_async_query(call: Call) -> Streamed:
    """Take statements in and answer with the query's id."""
    return submitted(call.emulator.shape, _submit(call, "async").query)


@operation
def abort_sync_query(call: Call) -> dict[str, Any]:
    """End what runs in a session."""
    session = call.text("X-QuerySession-ID")
    if not session:
        raise invalid("Query", "The header X-QuerySession-ID must name the session to abort.")
    query = call.emulator.queries.abort(session)
    return {"data": {"queryID": query.id, "status": query.status} if query else {}}


@operation
def kill_sync_query(call: Call) -> dict[str, Any]:
    """End a query."""
    query = call.emulator.queries.kill(call.text("id"))
    return {"data": {"queryID": query.id, "status": query.status}}


@operation
def kill_async_query(call: Call) -> dict[str, Any]:
    """End a query."""
    return kill_sync_query(call)


@operation
def get_async_query_status(call: Call) -> dict[str, Any]:
    """Tell where a query stands; one that was submitted synchronously is found as well."""
    query = call.emulator.queries.get(call.text("id"))
    status = {
        "queryID": query.id,
        "status": query.status,
        "message": query.failure.message if query.failure else "",
        "createdAt": query.created_at,
        "startedAt": query.started_at,
        "finishedAt": query.finished_at,
    }
    return {"data": {key: value for key, value in status.items() if value}}


@operation
def get_async_query_result(call: Call) -> Streamed:
    """Answer with the results of a query that has finished."""
    query = call.emulator.queries.get(call.text("id"))
    if query.failure:
        raise query.failure.error()
    if query.status != "Finished":
        raise conflict("Query", f"The query {query.id!r} is not finished: {query.status}.")
    max_rows, store = _max_rows(call.number("maxRowsReturn")), call.emulator.queries.store
    return results(call.emulator.shape, query, store, max_rows, sync=False)


@operation
def get_query_lineage(call: Call) -> dict[str, Any]:
    """Tell which tables, views and materialized views a text reads."""
    found: dict[tuple[str, str], str] = {}
    with call.emulator.queries.session("") as session:
        for statement in split(call.body.get("query", "")):
            for database, name in _reads(call, session, statement):
                found[database, name] = _type(session, database, name)
    data: dict[str, list[dict[str, str]]] = {key: [] for key in _LINEAGE.values()}
    for (database, name), kind in sorted(found.items()):
        if not kind:
            raise not_found("Table", f"{database}.{name}")
        if kind in _LINEAGE:
            data[_LINEAGE[kind]].append({"database": database, "name": name, "type": kind})
    return {"data": data}


@operation
def list_dialects(call: Call) -> dict[str, Any]:
    """Answer with the two dialects; that an element is a bare name is inferred."""
    del call
    return {"data": ["ansi_sql", "clickhouse_sql"]}


def _submit(call: Call, kind: Literal["sync", "async"]) -> Run:
    body = call.body
    query = Query(
        id=body.get("queryID", ""),
        kind=kind,
        text=body["query"],
        mode=body["mode"],
        max_rows=_max_rows(body.get("maxRowsReturn", 0)),
        session=call.text("X-QuerySession-ID"),
        role=call.role,
        warehouse=body.get("vwID", ""),
    )
    return call.emulator.queries.submit(query)


def _max_rows(value: int) -> int:
    if value < 0:
        raise invalid("Query", "maxRowsReturn must not be negative; 0 means all rows.")
    return value


def _reads(call: Call, session: EngineSession, statement: Statement) -> Iterator[tuple[str, str]]:
    prepared = prepare(statement, "clickhouse_sql", call.emulator.catalog.database_names)
    if prepared.words[0] == "USE":
        session.run(prepared.text)
    if prepared.words[0] not in {"CREATE", "INSERT", "SELECT", "WITH", ""}:
        return
    try:
        lines = session.rows(f"EXPLAIN QUERY TREE run_passes = 1 {prepared.text}")
        pattern = _TREE_TABLE
    except EngineError:
        # Names that do not resolve, or a statement that is more than a query.
        try:
            lines, pattern = session.rows(f"EXPLAIN AST {prepared.text}"), _AST_TABLE
        except EngineError as error:
            raise invalid("Query", str(error)) from None
    current = session.rows("SELECT currentDatabase() AS name")[0]["name"]
    for line in lines:
        if match := pattern.search(line["explain"]):
            database, _, name = match.group(1).rpartition(".")
            yield database or current, name


def _type(session: EngineSession, database: str, name: str) -> str:
    rows = session.rows(
        f"SELECT engine FROM system.tables WHERE database = {quote_string(database)}"
        f" AND name = {quote_string(name)}"
    )
    return TYPES.get(rows[0]["engine"], "TABLE") if rows else ""
