"""Answer the operations on the executions of import jobs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .._call import Call, operation
from .._envelope import success
from .._errors import invalid
from .._loading.documents import Execution
from .._loading.durations import nanoseconds
from .._loading.pages import cursor_page

_LINES: Final = 100
_MOST_LINES: Final = 1000


@operation
def list_import_job_executions(call: Call) -> dict[str, Any]:
    """Answer with a page of the executions of one job."""
    job = call.emulator.loading.job(call.number("id"))
    return _page(call, call.emulator.loading.executions.all(job.id))


@operation
def list_executions(call: Call) -> dict[str, Any]:
    """Answer with a page of all executions."""
    return _page(call, call.emulator.loading.executions.all())


@operation
def get_execution(call: Call) -> dict[str, Any]:
    """Answer with one execution."""
    executions = call.emulator.loading.executions
    return success(executions.look(executions.get(call.text("id"))))


@operation
def get_execution_logs(call: Call) -> dict[str, Any]:
    """Answer with the last lines of a log, in the order they were written.

    The docs say that there are none of Kafka executions, and show a single key, `error`; that the
    lines come under `data`, and how many without a limit, is inferred.
    """
    execution = call.emulator.loading.executions.get(call.text("id"))
    if execution.plan.source.type == "KAFKA":
        raise invalid("Execution", "The logs of Kafka executions are not available.")
    limit = call.number("limit", _LINES)
    if limit < 0:
        raise invalid("Parameter", "The query parameter 'limit' must not be negative.")
    lines = call.emulator.loading.executions.log(execution.id).lines
    last = lines[-min(limit, _MOST_LINES) :] if limit else []
    return success(msgspec.to_builtins(last))


@operation
def get_kafka_history(call: Call) -> dict[str, Any]:
    """Answer with how a Kafka execution has read one partition."""
    loading, clock = call.emulator.loading, call.emulator.clock
    execution = loading.executions.get(call.text("id"))
    if execution.plan.source.type != "KAFKA":
        raise invalid("Execution", f"The execution {execution.id} does not read from Kafka.")
    period = nanoseconds("period", call.text("period"))
    granularity = nanoseconds("granularity", call.text("granularity"))
    loading.executions.catch_up(execution)
    found = loading.kafka.history(
        execution.job_id,
        call.number("partition"),
        period=period,
        granularity=granularity,
        since=execution.started,
        until=execution.ended or clock.nanoseconds(),
    )
    return success(found)


def _page(call: Call, found: list[Execution]) -> dict[str, Any]:
    look = call.emulator.loading.executions.look
    return cursor_page(call, found, lambda execution: execution.number, look)
