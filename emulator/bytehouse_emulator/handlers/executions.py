"""Executions of import jobs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from bytehouse_emulator.calls.authorization import manage_loading
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.pagination import cursor_page, read_limit
from bytehouse_emulator.calls.times import read_duration
from bytehouse_emulator.errors import invalid
from bytehouse_emulator.loading.documents import Execution

_DEFAULT_LINES: Final = 100
_MAX_LINES: Final = 1000


@operation(manage_loading)
def list_import_job_executions(call: Call) -> dict[str, Any]:
    """Return a page of the executions of one job."""
    job = call.emulator.loading.job(call.integer("id"))
    return _page(call, call.emulator.loading.executions.all(job.id))


@operation(manage_loading)
def list_executions(call: Call) -> dict[str, Any]:
    """Return a page of all executions."""
    return _page(call, call.emulator.loading.executions.all())


@operation(manage_loading)
def get_execution(call: Call) -> dict[str, Any]:
    """Return one execution."""
    executions = call.emulator.loading.executions
    return success(executions.poll(executions.get(call.string("id"))))


@operation(manage_loading)
def get_execution_logs(call: Call) -> dict[str, Any]:
    """Return the last lines of a log, in the order they were written.

    The docs say that there are none of Kafka executions, and show a single key, `error`; that the
    lines come under `data`, and how many without a limit, is inferred.
    """
    execution = call.emulator.loading.executions.get(call.string("id"))
    if execution.reads_kafka:
        raise invalid("Execution", "The logs of Kafka executions are not available.")
    limit = min(read_limit(call, _DEFAULT_LINES), _MAX_LINES)
    lines = call.emulator.loading.executions.log(execution.id).lines
    return success(msgspec.to_builtins(lines[-limit:] if limit else []))


@operation(manage_loading)
def get_kafka_history(call: Call) -> dict[str, Any]:
    """Return how a Kafka execution has read one partition."""
    loading, clock = call.emulator.loading, call.emulator.clock
    execution = loading.executions.get(call.string("id"))
    if not execution.reads_kafka:
        raise invalid("Execution", f"The execution {execution.id} does not read from Kafka.")
    period = read_duration("period", call.string("period"))
    granularity = read_duration("granularity", call.string("granularity"))
    loading.executions.catch_up(execution)
    found = loading.kafka.history(
        execution.job_id,
        call.integer("partition"),
        period=period,
        granularity=granularity,
        since=execution.started,
        until=execution.ended or clock.nanoseconds(),
    )
    return success(found)


def _page(call: Call, found: list[Execution]) -> dict[str, Any]:
    poll = call.emulator.loading.executions.poll
    return cursor_page(call, found, lambda execution: execution.number, poll)
