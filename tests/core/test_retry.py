"""When a call is sent again, how long that takes, and when it ends."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    OutcomeUnknown,
    QueryFailed,
    RateLimited,
    RetryPolicy,
    ServerError,
    TimedOut,
    TransportError,
)
from bytehouse._core.retry import Cause, may_retry
from bytehouse_raw.operations import OPERATIONS
from tests.support.cases import cases
from tests.support.flavours import KEY, FakeClock, MakeClient
from tests.support.server import (
    CLOSED,
    RESET,
    SILENT,
    Reply,
    ScriptedServer,
    Seen,
    closed_port,
    data,
)
from tests.support.stopwatch import Stopwatch
from tests.support.wire import request_line

Call = Callable[[ByteHouse], object]

READ: Call = lambda bh: bh.databases.get("d")  # noqa: E731 - a table of calls
WRITES: dict[str, Call] = {
    "create_database": lambda bh: bh.databases.create("d"),
    "delete_table": lambda bh: bh.tables.delete("d", "t"),
    "delete_partitions": lambda bh: bh.partitions.delete("d", "t", "2024"),
    "submit_sync_query": lambda bh: bh.queries.execute("INSERT INTO t VALUES (1)"),
    "submit_async_query": lambda bh: bh.queries.submit("INSERT INTO t VALUES (1)"),
}
REPEATABLE: dict[str, Call] = {
    "get_database": READ,
    "list_databases": lambda bh: bh.databases.list().all(),
    "get_query_lineage": lambda bh: bh.queries.lineage("SELECT 1"),
    "kill_async_query": lambda bh: bh.queries.kill_async("q"),
}
ANSWER = data({"name": "d", "uuid": "u"})


@cases("operation", REPEATABLE)
@cases("fault", [Reply(502), Reply(503), Reply(429), CLOSED, RESET])
def test_a_read_survives_a_passing_fault(
    make: MakeClient, server: ScriptedServer, operation: str, fault: Reply
) -> None:
    """A refusal, a gateway's error and a lost answer are made good by asking again."""
    bh = make(server.url)
    server.script(fault, fault, data([]) if operation.startswith("list") else ANSWER)
    REPEATABLE[operation](bh)
    assert len(server.seen) == 3


def test_a_read_survives_a_gateway_that_gave_up(make: MakeClient, server: ScriptedServer) -> None:
    """Only a read: any other request may still be with the service."""
    server.script(Reply(504), Reply(504), ANSWER)
    READ(make(server.url))
    assert len(server.seen) == 3


@cases("call", WRITES.values())
@cases(
    "fault",
    [CLOSED, RESET, Reply(raw=b"HTTP/1.1 200", then="close"), Reply(502), Reply(503), Reply(504)],
)
def test_a_write_whose_response_is_lost_is_sent_once_if_no_probe_can_resolve_it(
    make: MakeClient, server: ScriptedServer, call: Call, fault: Reply
) -> None:
    """What may have taken effect is not sent again: the error says so, and that a look failed."""
    bh = make(server.url)
    server.script(fault)
    with pytest.raises(OutcomeUnknown, match=r"took effect is not known: a probe failed"):
        call(bh)
    first = server.lines[0]
    assert server.lines.count(first) == 1


@cases("call", WRITES.values())
@cases("status", [500, 501, 520])
def test_a_write_that_failed_in_the_service_is_sent_once(
    make: MakeClient, server: ScriptedServer, call: Call, status: int
) -> None:
    """An error of the server may come after the effect."""
    bh = make(server.url)
    server.script(Reply(status), ANSWER)
    with pytest.raises(ServerError):
        call(bh)
    assert len(server.seen) == 1


@cases("call", [*WRITES.values(), READ])
def test_what_was_refused_with_429_is_sent_again(
    make: MakeClient, server: ScriptedServer, call: Call
) -> None:
    """A refusal for too many calls had no effect, whatever the operation."""
    bh = make(server.url)
    server.script(Reply(429), Reply(429), ANSWER)
    call(bh)
    assert len(server.seen) == 3


@cases("call", [*WRITES.values(), READ])
def test_what_was_never_sent_is_sent_again(make: MakeClient, clock: FakeClock, call: Call) -> None:
    """Without a connection nothing can have happened, so any operation is tried again."""
    bh = make(f"http://127.0.0.1:{closed_port()}", max_retries=3)
    with pytest.raises(TransportError) as caught:
        call(bh)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.attempts == 4
    assert len(clock.slept) == 3


def test_a_server_that_comes_up_is_found(make: MakeClient, clock: FakeClock) -> None:
    """A create that met a restarting server succeeds once it is there, and is done once."""
    port = closed_port()
    servers: list[ScriptedServer] = []
    clock.on_sleep = lambda: servers.append(ScriptedServer(port=port)) if not servers else None
    try:
        make(f"http://127.0.0.1:{port}").databases.create("d")
        assert servers[0].lines == [request_line("create_database")]
    finally:
        servers[0].close()


@cases("status", [400, 401, 403, 404, 409, 422, 500, 501, 505, 520, 599, 999])
def test_an_error_that_will_not_pass_is_not_asked_for_twice(
    bh: ByteHouse, server: ScriptedServer, status: int
) -> None:
    """Only what may pass is asked again, even of a read."""
    server.script(Reply(status))
    with pytest.raises(ByteHouseError):
        READ(bh)
    assert len(server.seen) == 1


@cases("operation", OPERATIONS.values())
def test_only_reads_and_idempotent_operations_are_repeated_after_an_unknown_outcome(
    operation: object,
) -> None:
    """For each operation, its class in the specification decides, and whether the request can
    still arrive."""
    assert isinstance(operation, type(next(iter(OPERATIONS.values()))))
    harmless = operation.retry in ("read", "idempotent")
    assert may_retry(operation, Cause(sent=False))
    assert may_retry(operation, Cause(sent=True, status=429))
    assert may_retry(operation, Cause(sent=True)) is harmless
    read = operation.retry == "read"
    assert may_retry(operation, Cause(sent=True, timed_out=True)) is read
    for status in range(100, 1000):
        if status != 429:
            expected = read if status == 504 else harmless and status in (502, 503)
            assert may_retry(operation, Cause(sent=True, status=status)) is expected


@cases("retries", [0, 1, 5])
def test_max_retries_bounds_the_attempts(
    make: MakeClient, server: ScriptedServer, clock: FakeClock, retries: int
) -> None:
    """One attempt, and so many further ones; a call may say its own number."""
    server.script(Reply(503))
    bh = make(server.url, max_retries=retries)
    with pytest.raises(ServerError) as caught:
        READ(bh)
    assert len(server.seen) == caught.value.attempts == retries + 1
    assert len(clock.slept) == retries
    with pytest.raises(ServerError):
        bh.databases.get("d", max_retries=2)
    assert len(server.seen) == retries + 1 + 3


def test_pauses_double_up_to_a_bound(
    make: MakeClient, server: ScriptedServer, clock: FakeClock
) -> None:
    """Each pause may be twice as long as the one before, and none is longer than the bound."""
    server.script(Reply(503))
    policy = RetryPolicy(first_pause=1.0, longest_pause=5.0)
    with pytest.raises(ServerError):
        make(server.url, max_retries=5, retry_policy=policy).databases.get("d")
    assert clock.slept == [1.0, 2.0, 4.0, 5.0, 5.0]


@cases(
    ("header", "pause"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("0", 0.25),
        ("-5", 0.25),
        ("100000", 60.0),
        ("soon", 0.25),
        ("nan", 0.25),
        ("inf", 0.25),
        ("", 0.25),
        (formatdate(1_700_000_000 + 12, usegmt=True), 12.0),
        (formatdate(1_700_000_000 - 12, usegmt=True), 0.25),
        (formatdate(1_700_000_000 + 9e7, usegmt=True), 60.0),
        ("Wed, 99 Foo 2024 99:99:99 GMT", 0.25),
    ],
)
def test_retry_after_is_honoured_and_capped(
    make: MakeClient, server: ScriptedServer, clock: FakeClock, header: str, pause: float
) -> None:
    """Seconds and dates are waited for, up to a minute; nonsense counts as not said."""
    bh = make(server.url)
    for status in (429, 503):
        server.script(Reply(status, headers={"Retry-After": header}), ANSWER)
        READ(bh)
    assert clock.slept == [pytest.approx(pause)] * 2


def test_an_error_says_when_to_come_back(bh: ByteHouse, server: ScriptedServer) -> None:
    """What Retry-After asked is in the error, for a caller who goes on by himself."""
    server.script(Reply(429, headers={"Retry-After": "400"}))
    with pytest.raises(RateLimited) as caught:
        bh.databases.get("d", max_retries=0)
    assert caught.value.retry_after == 400


def test_a_pause_that_would_outlast_the_deadline_is_not_made(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """The refusal at hand says more than a deadline that passed asleep."""
    server.script(Reply(429, headers={"Retry-After": "30"}))
    with pytest.raises(RateLimited):
        bh.databases.get("d", deadline=20)
    assert clock.slept == []
    assert len(server.seen) == 1


def test_attempts_and_pauses_together_stay_within_the_deadline(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """However many attempts are allowed, the deadline ends the call."""
    server.script(Reply(503))
    with pytest.raises(ServerError):
        bh.databases.get("d", deadline=10, max_retries=1000)
    assert sum(clock.slept) <= 10


# A server may do what it will: the call ends in time. These wait in earnest.

TRICKLE = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100
LATE = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 40
TRICKS = {
    "never answers": SILENT,
    "one byte now and then": Reply(raw=TRICKLE, pace=0.05, then="wait"),
    "stops in the headers": Reply(raw=TRICKLE[:30], then="wait"),
    "stops in the body": Reply(raw=LATE, then="wait"),
    "comes late, then stops": Reply(raw=LATE, pace=0.002, then="wait"),
    "informs without end": Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 500, pace=0.001),
    "begins a header without end": Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9000, pace=0.001),
}


@cases("trick", TRICKS.values())
@cases("limit", ["timeout", "deadline"])
def test_no_server_can_hold_a_call_beyond_its_time(
    make: MakeClient, server: ScriptedServer, trick: Reply, limit: str
) -> None:
    """A call ends within half a second of its time-out or deadline."""
    server.script(trick)
    bh = make(server.url, max_retries=0, **{limit: 0.2})
    with Stopwatch() as watch, pytest.raises(TimedOut, match=r"0\.2 s"):
        READ(bh)
    assert watch.seconds < 0.7


def test_a_server_that_reads_nothing_cannot_hold_a_call(make: MakeClient) -> None:
    """A body that the other side does not take ends in time too."""
    with ScriptedServer(reads=False) as server:
        with Stopwatch() as watch, pytest.raises((TimedOut, OutcomeUnknown)):
            make(server.url, deadline=0.4).databases.create("d", description="x" * 30_000_000)
        assert watch.seconds < 1.2


def test_a_write_without_a_response_has_an_unknown_outcome(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A time-out of a create does not say that nothing happened."""
    server.script(SILENT)
    with pytest.raises(OutcomeUnknown) as caught:
        make(server.url, deadline=0.2).databases.create("d")
    assert len(server.seen) == 1
    assert "Check whether" in caught.value.hint


def test_a_late_response_is_waited_for(make: MakeClient, server: ScriptedServer) -> None:
    """A slow server that is within the time gets its answer through."""
    server.script(Reply(body={"data": {"name": "slow"}}, pace=0.003))
    assert make(server.url, timeout=3.0).databases.get("d").name == "slow"


# Statements.


@cases("call", [WRITES["submit_sync_query"], WRITES["submit_async_query"]])
@cases(
    "fault",
    [
        CLOSED,
        RESET,
        Reply(500),
        Reply(502),
        Reply(503, headers={"Retry-After": "1"}),
        Reply(504),
        Reply(520),
        Reply(body=b'{"data": [', cut=0),
        Reply(body={"data": []}, cut=3),
        Reply(body="<html>"),
        Reply(400, "Code: 62. DB::Exception: Syntax error"),
    ],
)
def test_a_statement_that_may_have_arrived_is_never_sent_twice(
    make: MakeClient, server: ScriptedServer, call: Call, fault: Reply
) -> None:
    """Whatever the answer, the statement is submitted once."""
    bh = make(server.url)
    server.script(fault, ANSWER)
    with pytest.raises(ByteHouseError):
        call(bh)
    submissions = {"submit_sync_query", "submit_async_query"}
    assert len([name for name in server.operations if name in submissions]) == 1


def test_every_statement_carries_an_id_that_its_error_names(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A lost answer can be looked up by the id that was sent."""
    server.script(CLOSED)
    for call in (WRITES["submit_sync_query"], WRITES["submit_async_query"]):
        server.seen.clear()
        with pytest.raises(OutcomeUnknown) as caught:
            call(bh)
        assert caught.value.query_id == server.seen[0].json["queryID"]
        assert str(caught.value.query_id) in str(caught.value)


def test_a_statement_that_failed_is_not_killed(bh: ByteHouse, server: ScriptedServer) -> None:
    """Nothing runs any more, so nothing is stopped."""
    server.script(Reply(400, "Code: 62. DB::Exception: Syntax error"))
    with pytest.raises(QueryFailed):
        bh.queries.execute("SELEC 1")
    assert server.lines == [request_line("submit_sync_query")]


def test_a_statement_whose_wait_ran_out_is_killed(make: MakeClient, server: ScriptedServer) -> None:
    """When a synchronous query is given up, it is stopped on the server by its id."""
    replies = {"submit_sync_query": SILENT, "kill_sync_query": data({})}
    server.handler = lambda seen: replies[seen.operation]
    with pytest.raises(TimedOut):
        make(server.url).queries.execute("SELECT sleep(3)", query_id="q-1", deadline=0.3)
    assert server.lines == [
        request_line("submit_sync_query"),
        request_line("kill_sync_query", id="q-1"),
    ]


def test_a_statement_may_run_as_long_as_its_deadline(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A query is not given up after the time-out that is meant for short calls."""
    server.script(Reply(body={"data": []}, pace=0.004))
    assert make(server.url, timeout=0.1).queries.execute("SELECT 1") == []


def test_cancelling_a_task_kills_its_statement() -> None:
    """A cancelled task leaves no query behind on the server."""
    replies = {"submit_sync_query": SILENT, "kill_sync_query": data({})}
    with ScriptedServer() as server:
        server.handler = lambda seen: replies[seen.operation]

        async def main() -> None:
            async with AsyncByteHouse(server.url, KEY) as bh:
                task = asyncio.create_task(bh.queries.execute("SELECT 1", query_id="q-1"))
                await asyncio.to_thread(server.wait_for, "submit_sync_query")
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
        assert server.lines == [
            request_line("submit_sync_query"),
            request_line("kill_sync_query", id="q-1"),
        ]


def test_interrupting_the_program_kills_its_statement(
    make: MakeClient, server: ScriptedServer, interrupt: Callable[[], None]
) -> None:
    """Ctrl-C during a synchronous query stops it on the server too."""

    def answer(seen: Seen) -> Reply:
        if seen.operation == "kill_sync_query":
            return data({})
        interrupt()
        return SILENT

    server.handler = answer
    with pytest.raises(KeyboardInterrupt):
        make(server.url).queries.execute("SELECT 1", query_id="q-1")
    assert server.lines == [
        request_line("submit_sync_query"),
        request_line("kill_sync_query", id="q-1"),
    ]
