"""A query that its caller gives up is cancelled on the service: once, in time, and no other."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    Clock,
    ConfigError,
    InvalidArgument,
    NotFound,
    QueryFailed,
    ResponseDecodeError,
    ServerError,
    TimedOut,
)
from tests.support.flavours import KEY, FakeClock, MakeClient, every_transport
from tests.support.server import SILENT, Reply, ScriptedServer, Seen, data
from tests.support.stopwatch import Stopwatch

__all__ = ["every_transport"]

ROWS = [[n, "x" * 50] for n in range(20_000)]
WHOLE = {"data": [{"columns": [{"name": "n"}, {"name": "s"}], "rows": ROWS}]}
HALF = Reply(body=WHOLE, cut=1_000, then="wait")
KILLED = "kill_sync_query"
KILLED_IN_BACKGROUND = "kill_async_query"
ABORTED = "abort_sync_query"
STATUS = "get_async_query_status"
RUNNING = data([{"queryID": "q", "status": "Running"}])
NO_QUERY = Reply(404, {"error": {"code": "errbook_Query_NotFound", "message": "none"}})
NO_PATH = Reply(404, "<html>no such page</html>")


@pytest.fixture
def cancellations(server: ScriptedServer) -> Callable[[], list[str]]:
    """Return a function that lists the calls that cancel something."""
    return lambda: [
        one for one in server.operations if one in (KILLED, KILLED_IN_BACKGROUND, ABORTED)
    ]


def respond(server: ScriptedServer, **replies: Reply) -> None:
    """Let the server return the given responses to a submission and a poll, and accept any kill."""

    def respond_to(seen: Seen) -> Reply:
        verb = seen.operation.partition("_")[0]
        kind = {"submit": "submit", "kill": "stop", "abort": "stop"}.get(verb, "status")
        return replies.get(kind, data({}))

    server.handler = respond_to


@contextmanager
def pressed(server: ScriptedServer, interrupt: Callable[[], None]) -> Iterator[None]:
    """Press Ctrl-C just after the server has received a request, and expect it to be raised."""

    def press() -> None:
        while not server.seen:
            time.sleep(0.01)
        time.sleep(0.1)
        interrupt()

    server.seen.clear()
    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    thread.join()


def read(bh: ByteHouse, **options: Any) -> list[Any]:
    """Read all rows of a query."""
    return bh.query("SELECT 1", query_id="q", **options).rows()


def test_rows_left_unread_cancel_the_query(
    bh: ByteHouse, server: ScriptedServer, cancellations: Callable[[], list[str]]
) -> None:
    """Closing a result, leaving its block early, or an error in the block: one call each."""
    for leave in (_close, _break, _fail):
        respond(server, submit=HALF)
        server.seen.clear()
        leave(bh.query("SELECT 1", query_id="q"))
        assert cancellations() == [KILLED]
    respond(server, submit=Reply(body=WHOLE))
    server.seen.clear()
    with bh.query("SELECT 1", query_id="q") as result:
        assert len(result.rows()) == len(ROWS)
    assert cancellations() == []


def _close(result: Any) -> None:
    result.close()
    result.close()


def _break(result: Any) -> None:
    with result:
        for _ in result:
            break


def _fail(result: Any) -> None:
    with suppress(LookupError), result:
        raise LookupError


def test_ctrl_c_while_rows_are_received_cancels_the_query(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    cancellations: Callable[[], list[str]],
) -> None:
    """While a body stalls, and whatever the rows are converted to."""
    respond(server, submit=HALF)
    for make in ("rows", "to_arrow"):
        with pressed(server, interrupt):
            getattr(bh.query("SELECT 1", query_id="q"), make)()
        assert cancellations() == [KILLED]
    with pressed(server, interrupt), ByteHouse(server.url, KEY) as plain:
        list(plain.query("SELECT 1", query_id="q"))
    assert cancellations() == [KILLED]


def test_an_output_that_fails_cancels_the_query(
    bh: ByteHouse, server: ScriptedServer, cancellations: Callable[[], list[str]], tmp_path: Path
) -> None:
    """Such as a file that cannot be written."""
    for write in ("to_csv", "to_parquet"):
        respond(server, submit=HALF)
        server.seen.clear()
        with pytest.raises(OSError, match="not"):
            getattr(bh.query("SELECT 1", query_id="q"), write)(tmp_path / "not" / "there")
        assert cancellations() == [KILLED]


def test_a_missing_extra_leaves_the_rows_for_another_try(
    bh: ByteHouse, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a library is not installed, the rows can still be read."""
    respond(server, submit=Reply(body=WHOLE))
    result = bh.query("SELECT 1")
    for module in ("pyarrow", "pyarrow.parquet", "pandas", "polars"):
        monkeypatch.setitem(sys.modules, module, None)
    for make in (result.to_arrow, result.to_pandas, result.to_polars):
        with pytest.raises(ConfigError, match="pip install"):
            make()
    assert len(result.rows()) == len(ROWS)


def test_cancelling_needs_no_second_connection(
    make: MakeClient,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    cancellations: Callable[[], list[str]],
) -> None:
    """The connection of the call that was given up is released for the one that cancels it."""
    bh = make(server.url, max_connections=1)
    for reply in (SILENT, HALF):
        respond(server, submit=reply)
        with pressed(server, interrupt):
            read(bh)
        assert cancellations() == [KILLED]


@pytest.mark.parametrize("reply", [SILENT, HALF], ids=["silent", "stalled"])
def test_a_time_out_cancels_the_query(
    make: MakeClient,
    server: ScriptedServer,
    cancellations: Callable[[], list[str]],
    reply: Reply,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Before the first row and between two; the error names the query, and no record warns of an
    unknown outcome."""
    respond(server, submit=reply, status=data({"queryID": "q", "status": "Running"}))
    with Stopwatch() as watch, pytest.raises(TimedOut) as caught:
        read(make(server.url, clock=Clock()), timeout=0.5)
    assert caught.value.query_id == "q"
    assert cancellations() == [KILLED]
    assert watch.seconds < 0.8
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_cancelling_without_a_response_takes_a_tenth_of_the_time_more(
    make: MakeClient, server: ScriptedServer, flavour: str
) -> None:
    """A silent service is waited for, but not for long."""
    in_background = flavour != "sync"
    running = data({"queryID": "q", "status": "Running"})
    respond(server, submit=running if in_background else SILENT, status=running, stop=SILENT)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        read(make(server.url, clock=Clock()), timeout=2.5, asynchronous=in_background)
    assert 2.74 < time.monotonic() - began < 3.3


def test_a_time_out_covers_everything_up_to_the_first_row(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Submitting, waiting and fetching share it, and what has ended is not cancelled."""
    states = iter(["Running"] * 3)
    began = time.monotonic()

    def respond_to(seen: Seen) -> Reply:
        if seen.operation == STATUS:
            return data({"status": next(states, "Finished")})
        return RUNNING if seen.operation.startswith("submit_") else SILENT

    server.handler = respond_to
    with pytest.raises(TimedOut):
        read(make(server.url, clock=Clock()), timeout=1.2, asynchronous=True)
    assert server.operations[-1] == "get_async_query_result"
    assert time.monotonic() - began < 1.6


async def _by_task(coroutine: Any) -> None:
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0.15)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _by_time_out(coroutine: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await coroutine


async def _by_scope(coroutine: Any) -> None:
    with anyio.move_on_after(0.15) as scope:
        await coroutine
    assert scope.cancelled_caught


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
@pytest.mark.parametrize("cancelling", [_by_task, _by_time_out, _by_scope])
@pytest.mark.parametrize(
    ("submit", "status", "options", "stop"),
    [
        (SILENT, SILENT, {}, KILLED),
        (HALF, SILENT, {}, KILLED),
        (SILENT, SILENT, {"asynchronous": True}, KILLED_IN_BACKGROUND),
        (RUNNING, SILENT, {"asynchronous": True}, KILLED_IN_BACKGROUND),
        (RUNNING, SILENT, {}, KILLED_IN_BACKGROUND),
        (data(["q"]), SILENT, {}, KILLED_IN_BACKGROUND),
    ],
    ids=["before rows", "amid rows", "while submitted", "in background", "switched", "named"],
)
def test_cancelling_the_task_cancels_the_query(
    *,
    server: ScriptedServer,
    cancellations: Callable[[], list[str]],
    http: Literal["httpx", "aiohttp"],
    cancelling: Callable[[Any], Any],
    submit: Reply,
    status: Reply,
    options: dict[str, Any],
    stop: str,
) -> None:
    """In every phase, and also where a cancelled scope cancels everything awaited in it."""
    respond(server, submit=submit, status=status)

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY, http=http) as bh:

            async def reading() -> None:
                result = await bh.query("SELECT 1", query_id="q", **options)
                await result.rows()

            await cancelling(reading())

    asyncio.run(main())
    assert cancellations() == [stop]


@pytest.mark.parametrize("begin", ["query", "submit"])
def test_ctrl_c_cancels_what_is_being_submitted(
    make: MakeClient,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    cancellations: Callable[[], list[str]],
    begin: str,
) -> None:
    """Before the response says that it runs in the background, it may run, so it is cancelled."""
    respond(server, submit=SILENT)
    bh = make(server.url)
    with pressed(server, interrupt):
        if begin == "query":
            bh.query("SELECT 1", query_id="q", asynchronous=True)
        else:
            bh.queries.submit("SELECT 1", query_id="q")
    assert cancellations() == [KILLED_IN_BACKGROUND]


def test_ctrl_c_cancels_a_query_that_is_probed(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    cancellations: Callable[[], list[str]],
) -> None:
    """Where a response names a query, that is polled; Ctrl-C during the poll cancels it."""
    respond(server, submit=data(["q"]), status=SILENT)
    with pressed(server, interrupt):
        read(bh)
    assert cancellations() == [KILLED_IN_BACKGROUND]


def test_a_query_reported_as_running_is_never_taken_for_one_without_rows(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """If the service loses it, that is an error; a mere id that it does not know is that of a
    statement which is done."""
    respond(server, submit=RUNNING, status=NO_QUERY)
    with pytest.raises(NotFound):
        read(bh)
    polls = iter([data({"status": "Running"}), NO_QUERY])
    submitted = data(["q"])
    server.handler = lambda seen: (
        submitted if seen.operation.startswith("submit_") else next(polls, NO_QUERY)
    )
    with pytest.raises(NotFound):
        read(bh)
    respond(server, submit=data(["q"]), status=NO_QUERY)
    server.seen.clear()
    assert read(bh) == []
    assert server.operations[1:] == [STATUS]


def test_a_lost_poll_is_repeated(
    make: MakeClient, server: ScriptedServer, cancellations: Callable[[], list[str]]
) -> None:
    """Errors of a gateway lose neither a query in the background nor its rows."""
    polls = iter([Reply(503), Reply(502), data({"status": "Running"}), data({"status": "Done"})])

    def respond_to(seen: Seen) -> Reply:
        if seen.operation.startswith("submit_"):
            return data(["q"])
        return next(polls) if seen.operation == STATUS else Reply(body=WHOLE)

    server.handler = respond_to
    assert len(read(make(server.url, max_retries=0))) == len(ROWS)
    assert cancellations() == []


def test_a_kill_that_overtakes_its_query_is_repeated(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    cancellations: Callable[[], list[str]],
    clock: FakeClock,
) -> None:
    """The service does not know a query that is still in delivery. That is retried for less than a
    second, also where the query never arrives."""
    responses = iter([NO_QUERY, NO_QUERY])
    server.handler = lambda seen: (
        SILENT if seen.operation.startswith("submit_") else next(responses, data({}))
    )
    with pressed(server, interrupt):
        read(bh)
    assert cancellations() == [KILLED] * 3
    clock.slept.clear()
    respond(server, submit=SILENT, stop=NO_QUERY)
    with pressed(server, interrupt):
        bh.queries.submit("SELECT 1")
    assert 0.2 < sum(clock.slept) < 1


@pytest.mark.parametrize(
    ("stop", "lines"),
    [
        (data({}), [KILLED]),
        (NO_QUERY, [KILLED]),
        (NO_PATH, [KILLED, ABORTED]),
        (Reply(403), [KILLED, ABORTED]),
    ],
    ids=["killed", "ended", "no such path", "refused"],
)
def test_a_session_is_aborted_only_where_its_query_cannot_be_killed(
    bh: ByteHouse,
    server: ScriptedServer,
    cancellations: Callable[[], list[str]],
    stop: Reply,
    lines: list[str],
) -> None:
    """Other queries may run in it, such as those of other cursors of a connection."""
    respond(server, submit=HALF, stop=stop)
    with bh.session("s").query("SELECT 1", query_id="q"):
        pass
    assert cancellations() == lines
    assert {seen.path["id"] for seen in server.seen if seen.operation == KILLED} == {"q"}
    assert all(
        seen.header("X-QuerySession-ID") == "s" for seen in server.seen if seen.operation == ABORTED
    )


@pytest.mark.parametrize("stop", [Reply(500), Reply(403), NO_PATH, Reply(body="<html>")], ids=str)
def test_a_failed_kill_does_not_hide_the_reason(
    bh: ByteHouse, server: ScriptedServer, interrupt: Callable[[], None], stop: Reply
) -> None:
    """Ctrl-C still raises KeyboardInterrupt."""
    respond(server, submit=SILENT, stop=stop)
    with pressed(server, interrupt):
        read(bh)


def test_what_the_service_has_ended_is_not_cancelled(
    bh: ByteHouse, server: ScriptedServer, cancellations: Callable[[], list[str]]
) -> None:
    """A statement that failed, or was refused, no longer runs."""
    refused = Reply(400, "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)")
    for reply, error in ((refused, QueryFailed), (Reply(500), ServerError)):
        respond(server, submit=reply)
        with pytest.raises(error):
            read(bh)
    respond(server, submit=Reply(body=json.dumps(WHOLE)[:-2]))
    with pytest.raises(ResponseDecodeError):
        read(bh)
    assert cancellations() == []


def test_what_runs_in_the_background_runs_in_no_session(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The API has no session there, so that is refused instead of forgotten."""
    with pytest.raises(InvalidArgument, match="session"):
        bh.query("SELECT 1", asynchronous=True, session_id="s")
    assert server.seen == []
