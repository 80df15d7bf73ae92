"""What is stored and what ran; the keys of all three responses are inferred."""

from __future__ import annotations

import time
from typing import Any, Final

from bytehouse_emulator.calls.authorization import query_of_same_role, view_usage
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.times import read_period
from bytehouse_emulator.errors import EmulatorError, not_found
from bytehouse_emulator.simulation.clock import DAY, timestamp
from bytehouse_emulator.sql.engine import LOG_DAYS, OWN, with_id
from bytehouse_emulator.sql.lexer import quote_string

_STATISTICS: Final = {
    "readRows": "sum(read_rows)",
    "readBytes": "sum(read_bytes)",
    "writtenRows": "sum(written_rows)",
    "writtenBytes": "sum(written_bytes)",
    "resultRows": "sum(result_rows)",
    "resultBytes": "sum(result_bytes)",
    "memoryUsage": "max(memory_usage)",
    "durationMs": "sum(query_duration_ms)",
}


@operation(view_usage)
def get_storage_usage(call: Call) -> dict[str, Any]:
    """Return the bytes of each database, as they are now.

    There is no history: a database counts with its present bytes if it was created before the end
    of the period.
    """
    catalog, name = call.emulator.catalog, call.string("dbName")
    first, last = read_period(call.string("startTime"), call.string("endTime"))
    wanted = catalog.require_database(name) if name else ""
    entries = [
        {"dbName": found["name"], "sizeInBytes": catalog.database(found["name"])["sizeInBytes"]}
        for found in catalog.databases()
        if found["createdAt"] <= timestamp(last) and wanted in {"", found["name"]}
    ]
    total = sum(entry["sizeInBytes"] for entry in entries)
    return success(_period(first, last) | {"databases": entries, "totalSizeInBytes": total})


@operation(view_usage)
def get_warehouse_usage(call: Call) -> dict[str, Any]:
    """Return how long queries ran on each virtual warehouse, and what that costs.

    Credits are the vendor's rates by size for the time in which queries ran (inferred).
    """
    warehouses, name = call.emulator.warehouses, call.string("vwName")
    first, last = read_period(call.string("startTime"), call.string("endTime"))
    names = {warehouse.id: warehouse.name for warehouse in warehouses.all()}
    if name and name not in names.values():
        raise not_found("Warehouse", name)
    found = call.emulator.usage.by_warehouse(first, last)
    nothing = {"queries": 0, "runSeconds": 0.0, "credits": 0.0}
    entries = [
        {"vwID": key, "vwName": names.get(key, "")} | found.get(key, nothing)
        for key in dict.fromkeys([*names, *found])
        if not name or names.get(key) == name
    ]
    total = sum(entry["credits"] for entry in entries)
    return success(_period(first, last) | {"virtualWarehouses": entries, "totalCredits": total})


@operation(query_of_same_role)
def get_query_statistics(call: Call) -> dict[str, Any]:
    """Return what the engine's query log has of a query."""
    emulator = call.emulator
    query = emulator.queries.get(call.string("id"))
    run = emulator.usage.run(query.id)
    if run and time.time_ns() - run.engine_begin > LOG_DAYS * DAY:
        message = f"Statistics of the query {query.id!r} are kept for {LOG_DAYS} days."
        raise EmulatorError(404, "Statistics_NotFound", message)
    emulator.engine.run("SYSTEM FLUSH LOGS query_log")
    columns = ", ".join(f"toInt64({sql}) AS {name}" for name, sql in _STATISTICS.items())
    # Before a reset, another query may have had the id.
    begin = run.engine_begin // 1_000 if run else 0
    [row] = emulator.engine.rows(
        f"SELECT {columns} FROM system.query_log WHERE type != 'QueryStart'"
        f" AND NOT startsWith(query, {quote_string(OWN)})"
        f" AND {with_id('log_comment', query.id)}"
        f" AND toUnixTimestamp64Micro(query_start_time_microseconds) >= {begin}"
    )
    head = {"queryID": query.id, "status": query.status}
    head |= {"vwID": query.warehouse, "role": query.role}
    return success(head | query.times() | {name: int(row[name]) for name in _STATISTICS})


def _period(first: int, last: int) -> dict[str, str]:
    return {"startTime": timestamp(first), "endTime": timestamp(last)}
