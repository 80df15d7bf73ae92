"""Answer the operation on what a query read, wrote and cost."""

from __future__ import annotations

import time
from typing import Any, Final

from .._call import Call, operation
from .._clock import DAY
from .._engine import LOG_DAYS, OWN
from .._envelope import success
from .._errors import EmulatorError
from .._lexer import quote_string

_SUMS: Final = {
    "readRows": "sum(read_rows)",
    "readBytes": "sum(read_bytes)",
    "writtenRows": "sum(written_rows)",
    "writtenBytes": "sum(written_bytes)",
    "resultRows": "sum(result_rows)",
    "resultBytes": "sum(result_bytes)",
    "memoryUsage": "max(memory_usage)",
    "durationMs": "sum(query_duration_ms)",
}


@operation
def get_query_statistics(call: Call) -> dict[str, Any]:
    """Answer with what the engine's own log says of a query; the keys are inferred."""
    emulator = call.emulator
    query = emulator.queries.get(call.text("id"))
    work = emulator.usage.work(query.id)
    if work and time.time_ns() - work.engine_begin > LOG_DAYS * DAY:
        message = f"Statistics of the query {query.id!r} are kept for {LOG_DAYS} days."
        raise EmulatorError(404, "Statistics_NotFound", message)
    emulator.engine.run("SYSTEM FLUSH LOGS query_log")
    sums = ", ".join(f"toInt64({sql}) AS {name}" for name, sql in _SUMS.items())
    # Before a reset, another query may have had the id.
    begin = work.engine_begin // 1_000 if work else 0
    [row] = emulator.engine.rows(
        f"SELECT {sums} FROM system.query_log WHERE type != 'QueryStart'"
        f" AND NOT startsWith(query, {quote_string(OWN)})"
        f" AND log_comment = {quote_string(query.id)}"
        f" AND toUnixTimestamp64Micro(query_start_time_microseconds) >= {begin}"
    )
    times = {
        "createdAt": query.created_at,
        "startedAt": query.started_at,
        "finishedAt": query.finished_at,
    }
    head = {"queryID": query.id, "status": query.status}
    head |= {"vwID": query.warehouse, "role": query.role}
    found = {name: int(row[name]) for name in _SUMS}
    return success(head | {key: value for key, value in times.items() if value} | found)
