"""Queries."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from starlette.concurrency import run_in_threadpool

from bytehouse_emulator.calls.authorization import (
    any_role,
    query_of_same_role,
    query_text,
    session_of_same_role,
)
from bytehouse_emulator.calls.call import Call, Streamed, operation
from bytehouse_emulator.calls.query_results import results, submitted
from bytehouse_emulator.errors import illegal_state, invalid, not_found, not_modelled
from bytehouse_emulator.model.catalog import object_type
from bytehouse_emulator.queries.query import Query, Run
from bytehouse_emulator.sql.dialect import prepare
from bytehouse_emulator.sql.engine import EngineError, EngineSession
from bytehouse_emulator.sql.lexer import Statement, quote_string, split
from bytehouse_emulator.sql.parsed import parsed
from bytehouse_emulator.sql.references import references

_TREE_TABLE: Final = re.compile(r"\bTABLE id: \d+.*?\btable_name: ([^,]+)")
_NO_TABLE: Final = "system.one"
_LINEAGE: Final = {"TABLE": "tables", "VIEW": "views", "MATERIALIZED_VIEW": "materializedViews"}


@operation(any_role)
async def submit_sync_query(call: Call) -> Streamed:
    """Run statements and return their results, or the query's id if it takes too long.

    What a response that has switched to asynchronous looks like is inferred. Each statement
    requires permissions of its own, see `sql/permissions.py`.
    """
    timeout = call.body.get("asyncModeSwitchAfterInSec", 0)
    if timeout < 0:
        raise invalid("Query", "asyncModeSwitchAfterInSec must not be negative; 0 means never.")
    run = await run_in_threadpool(_submit, call, "sync")
    ended = asyncio.shield(asyncio.wrap_future(run.ended))
    try:
        query = await asyncio.wait_for(ended, timeout or None)
    except TimeoutError:
        return submitted(call.emulator.shape, run.query)
    if query.failure:
        raise query.failure.error()
    return results(call.emulator.shape, query, call.emulator.queries.store, 0, sync=True)


@operation(any_role)
def submit_async_query(call: Call) -> Streamed:
    """Submit statements and return the query's id."""
    return submitted(call.emulator.shape, _submit(call, "async").query)


@operation(session_of_same_role)
def abort_sync_query(call: Call) -> dict[str, Any]:
    """Kill the queries of a session."""
    session = call.string("X-QuerySession-ID")
    if not session:
        raise invalid("Query", "The header X-QuerySession-ID must name the session to abort.")
    query = call.emulator.queries.abort(session)
    return {"data": {"queryID": query.id, "status": query.status} if query else {}}


@operation(query_of_same_role)
def kill_sync_query(call: Call) -> dict[str, Any]:
    """Kill a query."""
    query = call.emulator.queries.kill(call.string("id"))
    return {"data": {"queryID": query.id, "status": query.status}}


@operation(query_of_same_role)
def kill_async_query(call: Call) -> dict[str, Any]:
    """Kill a query."""
    return kill_sync_query(call)


@operation(query_of_same_role)
def get_async_query_status(call: Call) -> dict[str, Any]:
    """Return the status of a query, synchronous or asynchronous."""
    query = call.emulator.queries.get(call.string("id"))
    message = {"message": query.failure.message} if query.failure else {}
    return {"data": {"queryID": query.id, "status": query.status} | message | query.times()}


@operation(query_of_same_role)
def get_async_query_result(call: Call) -> Streamed:
    """Return the results of a finished query."""
    query = call.emulator.queries.get(call.string("id"))
    if query.failure:
        raise query.failure.error()
    if query.status != "Finished":
        raise illegal_state("Query", f"The query {query.id!r} is not finished: {query.status}.")
    max_rows, store = _max_rows(call.integer("maxRowsReturn")), call.emulator.queries.store
    return results(call.emulator.shape, query, store, max_rows, sync=False)


@operation(query_text)
def get_query_lineage(call: Call) -> dict[str, Any]:
    """Return which tables, views and materialized views a query reads."""
    if call.body.get("userInfo"):
        raise not_modelled("userInfo", "its keys are not documented; use the header of the role.")
    if not call.body.get("query", "").strip():
        raise invalid("Query", "The request names no query.")
    found: dict[tuple[str, str], str] = {}
    with call.emulator.engine.session() as session:
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


@operation(any_role)
def list_dialects(call: Call) -> dict[str, Any]:
    """Return the two dialects; that an element is only a name is inferred."""
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
        session=call.string("X-QuerySession-ID"),
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
    parsed(session, prepared.text)
    if prepared.words[0] == "USE":
        session.run(prepared.text)
    if prepared.words[0] not in {"CREATE", "INSERT", "SELECT", "WITH", ""}:
        return
    current = session.current_database()
    try:
        named = [found.name for found in references(session, prepared.text)]
    except EngineError as error:
        raise invalid("Query", str(error)) from None
    resolved = []
    try:
        for row in session.rows(f"EXPLAIN QUERY TREE run_passes = 1 {prepared.text}"):
            resolved += _TREE_TABLE.findall(row["explain"])
    except EngineError:
        # A name cannot be resolved, or the statement is more than a query.
        resolved = named
    # The engine reads it where a query names no table.
    for name in resolved if _NO_TABLE in named else [n for n in resolved if n != _NO_TABLE]:
        yield _qualified(name, current)
    # Tables of subqueries that the engine has evaluated are gone from its tree.
    for name in named:
        found = _qualified(name, current)
        if name not in resolved and _type(session, *found):
            yield found


def _qualified(name: str, current: str) -> tuple[str, str]:
    database, _, table = name.rpartition(".")
    return database or current, table


def _type(session: EngineSession, database: str, name: str) -> str:
    rows = session.rows(
        f"SELECT engine FROM system.tables WHERE database = {quote_string(database)}"
        f" AND name = {quote_string(name)}"
    )
    return object_type(rows[0]["engine"]) if rows else ""
