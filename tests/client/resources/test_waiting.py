"""Queries, executions and warehouses are waited for in one way."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import attrs
import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    ExecutionFailed,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    QueryFailed,
    ServerError,
    TimedOut,
)
from bytehouse._api.status import Phase, heading_of, phase_of, warehouse_phase
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.flavours import KEY, FakeClock, MakeClient
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, data
from tests.support.wire import request_line

WORDS = {
    Phase.SUCCEEDED: "Finished FINISH_ED success Succeeded completed COMPLETE done",
    Phase.FAILED: "Failed FAILURE error exception timed-out",
    Phase.CANCELLED: "killed Cancelled canceled aborted STOPPED terminated",
    Phase.RUNNING: "NotStarted running Queued successfully-started-maybe up",
}
UP = "up UP Running started active ready available resumed online"
DOWN = "down Suspended stopped paused inactive offline"


@attrs.frozen
class Kind:
    """One kind of thing that can be waited for.

    Attributes:
        watch: Returns the `wait` of something started elsewhere.
        start: Starts something, and returns its `wait`.
        started: Response to the start.
        reply: Response to a poll with a state.
        polls: Request line of a poll.
        stops: Request line that stops it; empty if nothing does.
        states: A state of something that runs, has succeeded, has failed.
        fails: The error that a failure raises.
    """

    watch: Callable[[Any], Callable[..., Any]]
    start: Callable[..., Callable[..., Any]]
    started: Reply
    reply: Callable[[str | None], Reply]
    polls: str
    stops: str
    states: tuple[str, str, str]
    fails: type[ByteHouseError]


QUERY = Kind(
    watch=lambda bh: bh.queries.handle("q").wait,
    start=lambda bh, **options: bh.queries.submit("SELECT 1", query_id="q", **options).wait,
    started=data([{"id": "q"}]),
    reply=lambda state: data({"status": state, "message": "why"}),
    polls=request_line("get_async_query_status", id="q"),
    stops=request_line("kill_async_query", id="q"),
    states=("Running", "Finished", "Failed"),
    fails=QueryFailed,
)
EXECUTION = Kind(
    watch=lambda bh: bh.executions.handle("e").wait,
    start=lambda bh, **options: bh.import_jobs.start(8, **options).wait,
    started=data({"id": "e"}),
    reply=lambda state: data({"id": "e", "jobID": 8, "status": state, "message": "why"}),
    polls=request_line("get_execution", id="e"),
    stops=request_line("stop_import_job", id="8"),
    states=("RUNNING", "SUCCESS", "FAILED"),
    fails=ExecutionFailed,
)
WAREHOUSE = Kind(
    watch=lambda bh: lambda **options: bh.warehouses.wait("etl", **options),
    start=lambda bh: lambda **options: bh.warehouses.wait("etl", **options),
    started=Reply(),
    reply=lambda state: Reply(body={"name": "etl", "status": state, "message": "Success"}),
    polls=request_line("get_warehouse", name="etl"),
    stops="",
    states=("starting", "up", "error"),
    fails=ServerError,
)
KINDS = {"query": QUERY, "execution": EXECUTION, "warehouse": WAREHOUSE}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
stoppable = pytest.mark.parametrize("kind", [QUERY, EXECUTION], ids=["query", "execution"])


def running(server: ScriptedServer, kind: Kind) -> None:
    """Let the server respond that it runs, for ever."""
    replies = {kind.polls: kind.reply(kind.states[0]), kind.stops: data({})}
    server.handler = lambda seen: replies.get(seen.line, kind.started)


def test_every_likely_spelling_of_a_state_is_known() -> None:
    """Case and separators do not count, and what is not known counts as running."""
    for phase, words in WORDS.items():
        assert {phase_of(word) for word in words.split()} == {phase}
    for target, words in (("up", UP), ("down", DOWN)):
        for word in words.split():
            assert warehouse_phase(word, target) is Phase.SUCCEEDED  # type: ignore[arg-type]
            assert heading_of(word) == target
    for unknown in (None, 3, "", "starting", "suspending", "zzz"):
        assert phase_of(unknown) is Phase.RUNNING
        assert warehouse_phase(unknown, "up") is warehouse_phase(unknown, "down") is Phase.RUNNING


def status_of(result: Any) -> Any:
    """Return the status that a wait ended with."""
    return getattr(result, "execution", result).status


@every_kind
def test_a_wait_ends_with_the_status_that_says_so(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock, kind: Kind
) -> None:
    """Unknown and missing states count as running; pauses grow."""
    running_state, end, _ = kind.states
    states = [running_state, None, "Unheard-Of", running_state, end]
    server.script(*map(kind.reply, states))
    seen: list[Any] = []
    result = kind.watch(bh)(on_progress=seen.append)
    assert [getattr(each, "status", None) for each in seen] == states
    assert status_of(result) == end
    assert server.lines == [kind.polls] * 5
    assert clock.slept == sorted(clock.slept)
    assert len(set(clock.slept)) == 4


@every_kind
def test_a_wait_survives_polls_that_are_dropped(
    make: MakeClient, server: ScriptedServer, kind: Kind
) -> None:
    """Lost connections, errors of gateways and 429 are survived, without any retry of the call."""
    running_state, end, _ = kind.states
    lost = [CLOSED, Reply(502, "<html>"), Reply(503), CLOSED, Reply(429), Reply(500)]
    server.script(kind.reply(running_state), *lost, kind.reply(end))
    bh = make(server.url, max_retries=0)
    assert status_of(kind.watch(bh)()) == end
    assert len(server.seen) == 8


@every_kind
def test_a_failure_is_raised_with_its_state(
    bh: ByteHouse, server: ScriptedServer, kind: Kind
) -> None:
    """The error is of the kind's own class, carries the last state, and nothing is stopped."""
    server.script(kind.started, kind.reply(kind.states[0]), kind.reply(kind.states[2]))
    wait = kind.start(bh)
    if not kind.stops:
        server.script(kind.reply(kind.states[2]))
    with pytest.raises(kind.fails) as raised:
        wait()
    assert getattr(raised.value, "code", None) == kind.states[2]
    assert kind.stops not in server.lines


@every_kind
@pytest.mark.parametrize("timeout", [30, timedelta(minutes=2)])
def test_a_wait_ends_in_time_and_reports_the_last_state(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock, kind: Kind, timeout: Any
) -> None:
    """The error says what was waited for, how long, and the last state."""
    running(server, kind)
    with pytest.raises(TimedOut, match=f"last seen {kind.states[0]}") as raised:
        kind.watch(bh)(timeout=timeout)
    assert raised.value.state == kind.states[0]
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    assert seconds - 5 < sum(clock.slept) <= seconds


@every_kind
def test_a_wait_without_a_status_says_why(
    make: MakeClient, server: ScriptedServer, kind: Kind
) -> None:
    """If no poll succeeded, the error has the reason of the last."""
    server.script(Reply(503, {"error": {"code": "busy", "message": "come back later"}}))
    with pytest.raises(TimedOut, match="come back later") as raised:
        kind.watch(make(server.url, max_retries=0))(timeout=9)
    assert raised.value.state is None


@every_kind
def test_a_poll_does_not_outlast_the_wait(
    bh: ByteHouse, server: ScriptedServer, kind: Kind
) -> None:
    """A silent service does not prolong the wait."""
    server.script(SILENT)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        kind.watch(bh)(timeout=0.4)
    assert time.monotonic() - began < 3


@every_kind
def test_a_refused_poll_ends_the_wait_and_stops_nothing(
    bh: ByteHouse, server: ScriptedServer, kind: Kind
) -> None:
    """What runs is not stopped because the role may not see it."""
    refusal = Reply(403, {"error": {"code": "denied", "message": "no"}})
    for reply, error in ((refusal, PermissionDenied), (Reply(501), ServerError)):
        server.handler = server._next
        server.script(kind.started, reply) if kind.stops else server.script(reply)
        with pytest.raises(error):
            kind.start(bh)()
        assert kind.stops not in server.lines


@every_kind
def test_what_was_just_created_may_be_invisible_at_first(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock, kind: Kind
) -> None:
    """A 404 is survived for seconds from the beginning, and is final afterwards."""
    missing = Reply(404, {"error": {"code": "gone", "message": "gone"}})
    server.script(missing, missing, kind.reply(kind.states[1]))
    assert status_of(kind.watch(bh)()) == kind.states[1]
    server.script(missing)
    clock.slept.clear()
    with pytest.raises(NotFound):
        kind.watch(bh)()
    assert sum(clock.slept) < 15


def _by_time_out(wait: Callable[..., Any], clock: FakeClock, **cancel: Any) -> None:  # noqa: ARG001
    with pytest.raises(TimedOut):
        wait(timeout=20, **cancel)


def _by_an_error_in_on_progress(wait: Callable[..., Any], clock: FakeClock, **cancel: Any) -> None:  # noqa: ARG001
    def broken(status: Any) -> None:
        raise LookupError(status)

    with pytest.raises(LookupError):
        wait(on_progress=broken, **cancel)


def _by_an_interrupt(wait: Callable[..., Any], clock: FakeClock, **cancel: Any) -> None:
    def interrupt() -> None:
        clock.on_sleep = lambda: None
        raise KeyboardInterrupt

    clock.on_sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        wait(**cancel)


ENDINGS = [_by_time_out, _by_an_error_in_on_progress, _by_an_interrupt]


@stoppable
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("begun", "cancel", "stopped"),
    [
        ("here", {}, True),
        ("elsewhere", {}, False),
        ("here", {"cancel": False}, False),
        ("elsewhere", {"cancel": True}, True),
    ],
)
def test_a_wait_that_ends_early_stops_what_was_started_here(
    *,
    bh: ByteHouse,
    server: ScriptedServer,
    clock: FakeClock,
    kind: Kind,
    ending: Callable[..., None],
    begun: str,
    cancel: dict[str, bool],
    stopped: bool,
) -> None:
    """The handle of what was started here stops it, a detached one does not; `cancel` overrides."""
    running(server, kind)
    wait = (kind.start if begun == "here" else kind.watch)(bh)
    ending(wait, clock, **cancel)
    assert server.lines.count(kind.stops) == int(stopped)


@stoppable
def test_a_time_out_says_whether_it_continues(
    bh: ByteHouse, server: ScriptedServer, kind: Kind
) -> None:
    """The hint mentions the stop only if the service accepted it."""
    running(server, kind)
    with pytest.raises(TimedOut) as raised:
        kind.start(bh)(timeout=1)
    assert "asked to stop" in raised.value.hint
    with pytest.raises(TimedOut) as raised:
        kind.watch(bh)(timeout=1)
    assert "It continues" in raised.value.hint
    replies = {kind.polls: kind.reply(kind.states[0]), kind.stops: Reply(403)}
    server.handler = lambda seen: replies.get(seen.line, kind.started)
    with pytest.raises(TimedOut) as raised:
        kind.start(bh)(timeout=1)
    assert "It continues" in raised.value.hint


@stoppable
def test_ctrl_c_stops_it_on_the_service(
    bh: ByteHouse, server: ScriptedServer, interrupt: Callable[[], None], kind: Kind
) -> None:
    """A real signal during a poll is followed by the stop."""

    def respond_to(seen: Any) -> Reply:
        if seen.line == kind.polls:
            interrupt()
            return SILENT
        return data({}) if seen.line == kind.stops else kind.started

    server.handler = respond_to
    with pytest.raises(KeyboardInterrupt):
        kind.start(bh)()
    assert server.lines.count(kind.stops) == 1


async def _by_task(wait: Callable[[], Any]) -> None:
    task = asyncio.create_task(wait())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _by_asyncio_timeout(wait: Callable[[], Any]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await wait()


async def _by_cancel_scope(wait: Callable[[], Any]) -> None:
    with anyio.move_on_after(0.1) as scope:
        await wait()
    assert scope.cancelled_caught


@stoppable
@pytest.mark.parametrize("cancelling", [_by_task, _by_asyncio_timeout, _by_cancel_scope])
def test_cancelling_the_task_stops_it_on_the_service(
    server: ScriptedServer, kind: Kind, cancelling: Callable[[Any], Any]
) -> None:
    """Cancelled once or, as by anyio's scopes, at every await: the stop is sent all the same."""
    running(server, kind)

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY) as bh:
            if kind is QUERY:
                handle: Any = await bh.queries.submit("SELECT 1", query_id="q")
            else:
                handle = await bh.import_jobs.start(8)
            await cancelling(handle.wait)

    asyncio.run(main())
    assert server.lines.count(kind.stops) == 1


@stoppable
def test_a_handle_acts_under_the_role_of_the_start(
    bh: ByteHouse, server: ScriptedServer, kind: Kind
) -> None:
    """What was started under a role is polled and stopped under it, wherever that happens."""
    running(server, kind)
    wait = kind.start(bh, role="Loader")
    with bh.role("Other"), pytest.raises(TimedOut):
        wait(timeout=3)
    assert kind.stops in server.lines
    assert {seen.header(ROLE_HEADER) for seen in server.seen} == {"Loader"}


@stoppable
def test_a_handle_keeps_the_role_of_the_block_that_it_was_started_in(
    server: ScriptedServer, clock: FakeClock, kind: Kind
) -> None:
    """The role of a `with` block is kept after the block, and so is the lack of one."""
    running(server, kind)
    with ByteHouse(server.url, KEY, clock=clock) as bh:
        with bh.role("Loader"):
            wait = kind.start(bh)
        with pytest.raises(TimedOut):
            wait(timeout=3)
        assert {seen.header(ROLE_HEADER) for seen in server.seen} == {"Loader"}
        server.seen.clear()
        wait = kind.start(bh)
        with bh.role("Loader"), pytest.raises(TimedOut):
            wait(timeout=3)
        assert {seen.header(ROLE_HEADER) for seen in server.seen} == {None}


def test_an_execution_is_stopped_through_its_job(bh: ByteHouse, server: ScriptedServer) -> None:
    """From an id alone, the job is looked up; an execution that has ended is left alone."""
    server.script(EXECUTION.reply("RUNNING"), data({}))
    bh.executions.handle("e").cancel()
    assert server.lines == [EXECUTION.polls, EXECUTION.stops]
    server.script(EXECUTION.reply("SUCCESS"), data({}))
    bh.executions.handle("e", job_id=8).cancel()
    assert server.lines == [EXECUTION.polls]
    server.script(data({"id": "e", "status": "RUNNING"}))
    with pytest.raises(ByteHouseError, match="which job"):
        bh.executions.handle("e").cancel()


def test_a_result_is_the_execution_as_it_ended(bh: ByteHouse, server: ScriptedServer) -> None:
    """`result` waits, and passes `cancel` on."""
    server.script(EXECUTION.reply("RUNNING"), EXECUTION.reply("SUCCESS"))
    execution = bh.executions.handle("e").result().execution
    assert execution is not None
    assert execution.job_id == 8
    running(server, EXECUTION)
    server.seen.clear()
    with pytest.raises(TimedOut):
        bh.executions.handle("e").result(timeout=1, cancel=True)
    assert server.lines[-1] == EXECUTION.stops


def test_a_failed_execution_says_which_and_why(bh: ByteHouse, server: ScriptedServer) -> None:
    """The message of the service is in the error, and the id to read the log of."""
    server.script(EXECUTION.reply("STOPPED"))
    with pytest.raises(ExecutionFailed, match="e was stopped: why") as raised:
        bh.executions.handle("e").wait()
    assert (raised.value.execution_id, raised.value.code) == ("e", "STOPPED")


def test_an_invalid_timeout_is_refused(bh: ByteHouse, server: ScriptedServer) -> None:
    """A wait of no time, or of a string, sends nothing."""
    for kind in KINDS.values():
        # None is the default of an execution.
        nothing = [] if kind is EXECUTION else [None]
        for timeout in (0, -1, "soon", float("nan"), *nothing):
            with pytest.raises(InvalidArgument):
                kind.watch(bh)(timeout=timeout)
    assert not server.seen


def test_an_execution_survives_a_wait_without_a_timeout(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """That of a Kafka job never ends by itself: the wait ends after an hour and the job continues,
    unless `cancel` says otherwise."""
    running(server, EXECUTION)
    clock.on_sleep = lambda: clock.advance(50)  # polls take time, too
    began = clock.monotonic()
    with pytest.raises(TimedOut) as raised:
        EXECUTION.start(bh)()
    assert "It continues" in raised.value.hint
    assert 3500 < clock.monotonic() - began < 3700
    assert "stop_import_job" not in server.operations
    for arguments in ({"timeout": 60}, {"cancel": True}):
        server.seen.clear()
        with pytest.raises(TimedOut):
            EXECUTION.start(bh)(**arguments)
        assert server.operations[-1] == "stop_import_job"
