"""Queries that run in the background: watched to their end, and stopped if the wait ends early."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import anyio
import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    QueryFailed,
    ResponseDecodeError,
    TimedOut,
)
from bytehouse._api.status import Phase, phase_of
from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.types import Model
from tests.support.cases import cases
from tests.support.flavours import KEY, FakeClock, MakeClient
from tests.support.server import CLOSED, RESET, SILENT, Reply, ScriptedServer, Seen, data


class Service:
    """Run queries as the service does: each asks leads one state further.

    Attributes:
        states: States of each query to come; the last one stays. A reply is given as it is.
        ids: Ids that a submission is answered with.
        killed: Ids that were to be killed.
    """

    def __init__(self, *states: str | Reply, ids: Iterable[str] = ("q-1",)) -> None:
        self.ids = list(ids)
        self.states = {query: list(states) for query in self.ids}
        self.killed: list[str] = []
        self.asked: list[str] = []
        self.kill: Reply = data({})
        self.rows: Any = [{"rows": [1]}]

    def __call__(self, seen: Seen) -> Reply:
        if seen.operation == "submit_async_query":
            return data([{"queryID": query} for query in self.ids])
        query = seen.path["id"]
        if seen.operation == "kill_async_query":
            self.killed.append(query)
            return self.kill
        if seen.operation == "get_async_query_result":
            return data(self.rows)
        assert seen.operation == "get_async_query_status"
        self.asked.append(query)
        states = self.states[query]
        state = states.pop(0) if len(states) > 1 else states[0]
        if isinstance(state, Reply):
            return state
        return data({"queryID": query, "status": state, "message": f"it is {state}"})


SUCCEEDED = ["Finished", "FINISHED", "success", "SUCCEEDED", "Completed", "COMPLETE", "done"]
FAILED = ["Failed", "FAILED", "error", "Failure", "exception"]
CANCELLED = ["Killed", "KILLED", "cancelled", "Canceled", "Aborted", "STOPPED", "terminated"]
RUNNING: list[Any] = [
    "NotStarted",
    "Running",
    "queued",
    "Pending",
    "who knows",
    "",
    None,
    5,
    {"a": 1},
    [],
]


@cases("word", [*SUCCEEDED, *FAILED, *CANCELLED, *RUNNING])
def test_every_spelling_of_a_state_is_known(word: Any) -> None:
    """Case and separators do not count; what is not known counts as running."""
    expected = Phase.RUNNING
    for phase, words in (
        (Phase.SUCCEEDED, SUCCEEDED),
        (Phase.FAILED, FAILED),
        (Phase.CANCELLED, CANCELLED),
    ):
        if word in words:
            expected = phase
    assert phase_of(word) is expected
    if isinstance(word, str):
        assert phase_of(f" {'_'.join(word.upper())}-") is expected


@pytest.mark.parametrize("word", SUCCEEDED)
def test_a_query_is_polled_to_its_end(bh: ByteHouse, server: ScriptedServer, word: str) -> None:
    """The wait goes through states that are known and states that are not, and gives the last."""
    server.handler = service = Service("NotStarted", "Warming up", "Running", word)
    seen: list[str | None] = []
    status = bh.queries.submit("SELECT 1").wait(on_progress=lambda s: seen.append(s.status))
    assert status.status == word
    assert seen == ["NotStarted", "Warming up", "Running", word]
    assert service.killed == []


@cases("word", FAILED + CANCELLED)
def test_a_query_that_ends_badly_raises(bh: ByteHouse, server: ScriptedServer, word: str) -> None:
    """The error has the state and what the service says about it; nothing is stopped any more."""
    server.handler = service = Service("Running", word)
    with pytest.raises(QueryFailed, match=f"it is {word}") as caught:
        bh.queries.submit("SELECT 1").wait()
    assert (caught.value.code, caught.value.query_id) == (word, "q-1")
    assert service.killed == []


def test_the_intervals_of_asking_grow_up_to_a_bound(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """A short query is seen to end soon; a long one is not asked about without need."""
    server.handler = Service(*["Running"] * 30, "Finished")
    bh.queries.submit("SELECT 1").wait()
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[0] <= 0.5
    assert clock.slept[0] < clock.slept[-1] <= 10
    assert len(clock.slept) == 30


PASSING = [
    Reply(500),
    Reply(502),
    Reply(503),
    Reply(520, "<html>"),
    Reply(429, headers={"Retry-After": "1"}),
    CLOSED,
    RESET,
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_poll_that_is_lost_is_made_again(
    bh: ByteHouse, server: ScriptedServer, fault: Reply
) -> None:
    """A passing fault, longer than one call survives, does not end the wait nor the query."""
    server.handler = service = Service("Running", *[fault] * 12, "Finished")
    assert bh.queries.submit("SELECT 1").wait().status == "Finished"
    assert service.killed == []


def test_a_query_that_is_not_visible_yet_is_waited_for(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """Just submitted, a query may be unknown for a moment; later that is an answer."""
    server.handler = Service(Reply(404), Reply(404), "Finished")
    assert bh.queries.submit("SELECT 1").wait().status == "Finished"
    server.handler = Service(Reply(404))
    began = sum(clock.slept)
    with pytest.raises(NotFound):
        bh.queries.submit("SELECT 1").wait()
    assert sum(clock.slept) - began < 30


def test_a_response_that_will_not_change_ends_the_wait(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """A missing permission is told at once, not when the time is over."""
    server.handler = Service("Running", Reply(403, {"message": "no"}))
    with pytest.raises(PermissionDenied):
        bh.queries.submit("SELECT 1").wait()
    assert sum(clock.slept) < 1


@pytest.mark.parametrize("timeout", [10, 10.0, timedelta(seconds=10)])
def test_a_wait_ends_with_its_time_and_stops_the_query(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock, timeout: Any
) -> None:
    """The error has the last state, and the query is stopped on the service."""
    server.handler = service = Service("Running")
    with pytest.raises(TimedOut, match=r"after 10 s.*Running") as caught:
        bh.queries.submit("SELECT 1").wait(timeout)
    assert sum(clock.slept) == pytest.approx(10, abs=0.5)
    assert caught.value.query_id == "q-1"
    assert service.killed == ["q-1"]


def test_a_wait_does_not_outlast_a_server_that_is_silent(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A poll that is not answered takes no longer than the wait has left."""
    server.handler = Service("Running", SILENT)
    handle = make(server.url).queries.submit("SELECT 1")
    with pytest.raises(TimedOut, match=r"after 0\.5 s"):
        handle.wait(0.5, cancel=False)


@pytest.mark.parametrize("timeout", [0, -1, "soon", None, float("nan")])
def test_a_bad_time_is_refused(bh: ByteHouse, server: ScriptedServer, timeout: Any) -> None:
    """A wait for no time is an error before anything is asked."""
    with pytest.raises(InvalidArgument, match="timeout"):
        bh.queries.handle("q-1").wait(timeout)
    assert server.seen == []


def ends(bh: ByteHouse, clock: FakeClock, why: str) -> type[BaseException]:
    """Let a wait end early for a reason, and return what it raises."""
    handle = bh.queries.submit("SELECT 1")

    def fail(*_: object) -> None:
        raise {"interrupt": KeyboardInterrupt, "exit": SystemExit}.get(why, RuntimeError)

    if why in ("interrupt", "exit"):
        clock.on_sleep = fail
    with suppress(ByteHouseError):
        try:
            handle.wait(on_progress=fail if why == "progress" else None)
        except BaseException as error:  # noqa: BLE001 - it is the point of the test
            clock.on_sleep = lambda: None
            return type(error)
    raise AssertionError("the wait went on")


@pytest.mark.parametrize(
    ("why", "error"),
    [("progress", RuntimeError), ("interrupt", KeyboardInterrupt), ("exit", SystemExit)],
)
def test_a_wait_that_ends_early_stops_the_query(
    bh: ByteHouse,
    server: ScriptedServer,
    clock: FakeClock,
    why: str,
    error: type[BaseException],
) -> None:
    """An error in the progress function, Ctrl-C and an exit leave no query behind."""
    server.handler = service = Service("Running")
    assert ends(bh, clock, why) is error
    assert service.killed == ["q-1"]


def test_interrupting_the_program_stops_the_query(
    make: MakeClient, server: ScriptedServer, interrupt: Callable[[], None]
) -> None:
    """A real Ctrl-C while a poll is on its way stops the query on the service."""
    service = Service("Running")

    def answer(seen: Seen) -> Reply:
        if seen.operation == "get_async_query_status" and not service.killed:
            interrupt()
            return SILENT
        return service(seen)

    server.handler = answer
    handle = make(server.url).queries.submit("SELECT 1")
    with pytest.raises(KeyboardInterrupt):
        handle.wait()
    assert service.killed == ["q-1"]


@pytest.mark.parametrize("how", ["task", "asyncio", "anyio"])
def test_cancelling_the_waiting_task_stops_the_query(how: str) -> None:
    """A cancelled task, a time-out around it and a cancelled scope leave no query behind."""

    async def main(server: ScriptedServer) -> None:
        async with AsyncByteHouse(server.url, KEY) as bh:
            handle = await bh.queries.submit("SELECT 1")
            if how == "task":
                task = asyncio.create_task(handle.wait())
                await asyncio.to_thread(server.wait_for, "get_async_query_status")
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            elif how == "asyncio":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(handle.wait(), 0.2)
            else:
                with anyio.move_on_after(0.2) as scope:
                    await handle.wait()
                assert scope.cancelled_caught

    with ScriptedServer() as server:
        server.handler = service = Service("Running")
        asyncio.run(main(server))
        assert service.killed == ["q-1"]


@pytest.mark.parametrize("fault", [Reply(500), Reply(404), CLOSED, Reply(body="<html>")], ids=str)
def test_a_query_that_cannot_be_stopped_does_not_hide_why(
    bh: ByteHouse, server: ScriptedServer, fault: Reply
) -> None:
    """The error at hand matters more than one of the clean-up."""
    server.handler = service = Service("Running")
    service.kill = fault
    with pytest.raises(TimedOut):
        bh.queries.submit("SELECT 1").wait(1)
    assert service.killed


def test_a_wait_can_leave_the_query_running(bh: ByteHouse, server: ScriptedServer) -> None:
    """Who only watches stops nothing: not where told so, nor with a handle by id."""
    server.handler = service = Service("Running")
    with pytest.raises(TimedOut):
        bh.queries.submit("SELECT 1").wait(1, cancel=False)
    with pytest.raises(TimedOut):
        bh.queries.handle("q-1").wait(1)
    assert service.killed == []
    with pytest.raises(TimedOut):
        bh.queries.handle("q-1").wait(1, cancel=True)
    assert service.killed == ["q-1"]


def test_a_handle_can_be_made_from_an_id_in_another_process(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The id is all that is needed to go on."""
    server.handler = Service("Running", "Finished")
    handle = bh.queries.handle("q-1")
    assert handle.id == "q-1"
    assert server.seen == []
    assert handle.status().status == "Running"
    assert handle.wait().status == "Finished"
    assert "q-1" in repr(handle)


def test_several_queries_are_waited_for_as_one(bh: ByteHouse, server: ScriptedServer) -> None:
    """A text of several statements ends when the last has; its results come in order."""
    server.handler = service = Service("Finished", ids=["a", "b", "c"])
    service.states["b"] = ["Running", "Running", "Finished"]
    service.states["c"] = ["Running", "Finished"]
    handle = bh.queries.submit("SELECT 1; SELECT 2; SELECT 3")
    assert handle.ids == ("a", "b", "c")
    assert len(list(handle.result().results())) == 3
    fetched = [seen.path["id"] for seen in server.seen if seen.operation.endswith("_result")]
    assert fetched == ["a", "b", "c"]


def test_of_several_queries_the_one_that_failed_is_named(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The error has the id of the query that failed, not of the first."""
    server.handler = service = Service("Finished", ids=["a", "b"])
    service.states["b"] = ["Failed"]
    with pytest.raises(QueryFailed) as caught:
        bh.queries.submit("SELECT 1; SELEC 2").wait()
    assert caught.value.query_id == "b"


def test_several_queries_are_all_stopped(bh: ByteHouse, server: ScriptedServer) -> None:
    """A wait that ends early leaves none of them behind, even if one cannot be stopped."""
    server.handler = service = Service("Running", ids=["a", "b"])
    with pytest.raises(TimedOut):
        bh.queries.submit("SELECT 1; SELECT 2").wait(1)
    assert service.killed == ["a", "b"]


@cases(
    ("elements", "ids"),
    [
        ([{"queryID": "a"}], ("a",)),
        ([{"asyncQueryID": "a", "queryID": "b"}], ("a",)),
        ([{"id": "a"}, {"id": "a"}], ("a",)),
        ([{"query_id": "a"}, {"queryId": "b"}], ("a", "b")),
        ({"queryID": "a"}, ("a",)),
        ([], ("mine",)),
        (None, ("mine",)),
        ("Success", ("mine",)),
        ([None, 5, {}, {"queryID": ""}, {"queryID": 5}], ("mine",)),
    ],
)
def test_the_ids_of_a_submission_are_found(
    bh: ByteHouse, server: ScriptedServer, elements: Any, ids: tuple[str, ...]
) -> None:
    """Whatever shape the answer has, a handle has the ids in it, or else the one that was sent."""
    server.script(data(elements))
    assert bh.queries.submit("SELECT 1", query_id="mine").ids == ids


def test_cancelling_a_query_that_has_ended_does_nothing(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A refusal to stop counts only if the query still runs."""
    server.handler = service = Service("Finished")
    service.kill = Reply(404, {"message": "it has ended"})
    bh.queries.handle("q-1").cancel()
    server.handler = service = Service("Running")
    service.kill = Reply(403, {"message": "no"})
    with pytest.raises(PermissionDenied):
        bh.queries.handle("q-1").cancel()
    server.handler = service = Service("Running")
    bh.queries.handle("q-1").cancel()
    assert service.killed == ["q-1"]


@pytest.mark.parametrize(
    "reply", [Reply(204), Reply(body={}), data("Success"), data(None)], ids=str
)
def test_stopping_a_query_needs_no_response_of_a_certain_shape(
    bh: ByteHouse, server: ScriptedServer, reply: Reply
) -> None:
    """The shape of the answer is inferred: a success is one, whatever it holds."""
    server.script(reply)
    bh.queries.kill("q-1")
    bh.queries.kill_async("q-1")
    bh.queries.abort("s-1")
    bh.queries.handle("q-1").cancel()
    assert server.operations == [
        "kill_sync_query",
        "kill_async_query",
        "abort_sync_query",
        "kill_async_query",
    ]


def test_the_role_of_a_submission_is_that_of_its_handle(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Every call of a handle is made under the role that the query was submitted under."""
    server.handler = Service("Running", "Finished")
    bh = make(server.url, role="Default")
    bh.queries.submit("SELECT 1", role="Analyst").result()
    bh.queries.handle("q-1", role="Auditor").status()
    roles = [seen.header(ROLE_HEADER) for seen in server.seen]
    assert roles == ["Analyst"] * 4 + ["Auditor"]


@cases("answer", [data("Success"), data([1]), data(5), Reply(body={}), data({})])
def test_a_status_of_another_shape_is_no_crash(
    bh: ByteHouse, server: ScriptedServer, answer: Reply
) -> None:
    """What cannot be understood raises the error for it, or counts as still running."""
    server.handler = Service(answer)
    with pytest.raises((ResponseDecodeError, TimedOut)):
        bh.queries.handle("q-1").wait(5)
    with suppress(ResponseDecodeError):
        bh.queries.handle("q-1").status()


@cases("message", [None, {"deep": 1}, ["a"], 5, ""])
def test_a_failure_is_reported_whatever_its_message_is(
    bh: ByteHouse, server: ScriptedServer, message: Any
) -> None:
    """A message that is no text still makes a readable error."""
    server.script(data({"status": "Failed", "message": message, "queryID": 7}))
    with pytest.raises(QueryFailed) as caught:
        bh.queries.handle("q-1").wait()
    assert isinstance(caught.value.message, str)
    assert str(caught.value)


@cases("rows", [None, [], {}, {"rows": []}, "Success", 5, [None], [[1]]])
def test_results_of_another_shape_are_no_crash(
    bh: ByteHouse, server: ScriptedServer, rows: Any
) -> None:
    """The shape of a result is inferred, and the statement ran: another shape is no error."""
    server.handler = service = Service("Finished")
    service.rows = rows
    expected = rows if isinstance(rows, list) else [rows] if rows in ({}, {"rows": []}) else []
    assert [as_sent(result) for result in bh.queries.result("q-1")] == expected
    server.handler = lambda _: data(rows)
    assert [as_sent(result) for result in bh.queries.execute("SELECT 1")] == expected


def as_sent(value: object) -> object:
    """Return what was decoded as the JSON that it came from."""
    return value.to_dict() if isinstance(value, Model) else value


def test_the_arguments_of_a_statement_arrive(bh: ByteHouse, server: ScriptedServer) -> None:
    """Every argument has its place in the request, and none is sent that was not given."""
    server.script(data([]))
    bh.queries.execute(
        "SELECT 1",
        mode="clickhouse_sql",
        warehouse="vw-1",
        query_id="q-1",
        session_id="s-1",
        max_rows=5,
        async_after=10,
    )
    (seen,) = server.seen
    assert seen.header("X-QuerySession-ID") == "s-1"
    assert seen.json == {
        "query": "SELECT 1",
        "mode": "clickhouse_sql",
        "vwID": "vw-1",
        "queryID": "q-1",
        "maxRowsReturn": 5,
        "asyncModeSwitchAfterInSec": 10,
    }
    server.seen.clear()
    bh.queries.execute("SELECT 1")
    assert set(server.seen[0].json) == {"query", "mode", "queryID"}
    assert server.seen[0].header("X-QuerySession-ID") is None
