"""A query that is given up is stopped on the service, once, in time, and no other with it."""

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
    ByteHouseError,
    Clock,
    ConfigError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    ResponseDecodeError,
    ServerError,
    TimedOut,
)
from tests.support.flavours import KEY, FakeClock, MakeClient, every_transport
from tests.support.server import SILENT, Reply, ScriptedServer, Seen, data

__all__ = ["every_transport"]

ROWS = [[n, "x" * 50] for n in range(20_000)]
WHOLE = {"data": [{"columns": [{"name": "n"}, {"name": "s"}], "rows": ROWS}]}
HALF = Reply(body=WHOLE, cut=1_000, then="wait")
KILLED = "kill_sync_query"
KILLED_BEHIND = "kill_async_query"
ABORTED = "abort_sync_query"
STATUS = "get_async_query_status"
RUNNING = data([{"queryID": "q", "status": "Running"}])
NO_QUERY = Reply(404, {"error": {"code": "errbook_Query_NotFound", "message": "none"}})
NO_PATH = Reply(404, "<html>no such page</html>")


@pytest.fixture
def stops(server: ScriptedServer) -> Callable[[], list[str]]:
    """Return what tells how the service was asked to stop what runs."""
    return lambda: [one for one in server.operations if one in (KILLED, KILLED_BEHIND, ABORTED)]


def answering(server: ScriptedServer, **replies: Reply) -> None:
    """Let the server answer a submission and a look as told, and agree to any stop."""

    def answer(seen: Seen) -> Reply:
        verb = seen.operation.partition("_")[0]
        kind = {"submit": "submit", "kill": "stop", "abort": "stop"}.get(verb, "status")
        return replies.get(kind, data({}))

    server.handler = answer


@contextmanager
def pressed(server: ScriptedServer, interrupt: Callable[[], None]) -> Iterator[None]:
    """Press Ctrl-C a moment after the server was asked, and expect it to come out."""

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


def test_rows_that_are_left_unread_stop_the_query(
    bh: ByteHouse, server: ScriptedServer, stops: Callable[[], list[str]]
) -> None:
    """Closing a result, leaving its block early and an error in the block all do, and once."""
    for leave in (_close, _break, _fail):
        answering(server, submit=HALF)
        server.seen.clear()
        leave(bh.query("SELECT 1", query_id="q"))
        assert stops() == [KILLED]
    answering(server, submit=Reply(body=WHOLE))
    server.seen.clear()
    with bh.query("SELECT 1", query_id="q") as result:
        assert len(result.rows()) == len(ROWS)
    assert stops() == []


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


def test_ctrl_c_while_rows_come_stops_the_query(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    stops: Callable[[], list[str]],
) -> None:
    """In the midst of a body that stalls, and whatever the rows are made into."""
    answering(server, submit=HALF)
    for make in ("rows", "to_arrow"):
        with pressed(server, interrupt):
            getattr(bh.query("SELECT 1", query_id="q"), make)()
        assert stops() == [KILLED]
    with pressed(server, interrupt), ByteHouse(server.url, KEY) as plain:
        list(plain.query("SELECT 1", query_id="q"))
    assert stops() == [KILLED]


def test_what_ends_the_making_of_something_stops_the_query(
    bh: ByteHouse, server: ScriptedServer, stops: Callable[[], list[str]], tmp_path: Path
) -> None:
    """A file that cannot be written, say."""
    for write in ("to_csv", "to_parquet"):
        answering(server, submit=HALF)
        server.seen.clear()
        with pytest.raises(OSError, match="not"):
            getattr(bh.query("SELECT 1", query_id="q"), write)(tmp_path / "not" / "there")
        assert stops() == [KILLED]


def test_what_is_missing_here_leaves_the_rows_for_another_try(
    bh: ByteHouse, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extra that is not installed ends nothing."""
    answering(server, submit=Reply(body=WHOLE))
    result = bh.query("SELECT 1")
    for module in ("pyarrow", "pyarrow.parquet", "pandas", "polars"):
        monkeypatch.setitem(sys.modules, module, None)
    for make in (result.to_arrow, result.to_pandas, result.to_polars):
        with pytest.raises(ConfigError, match="pip install"):
            make()
    assert len(result.rows()) == len(ROWS)


def test_a_stop_finds_a_connection_where_there_is_but_one(
    make: MakeClient,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    stops: Callable[[], list[str]],
) -> None:
    """What was given up makes room for what stops it."""
    bh = make(server.url, max_connections=1)
    for reply in (SILENT, HALF):
        answering(server, submit=reply)
        with pressed(server, interrupt):
            read(bh)
        assert stops() == [KILLED]


@pytest.mark.parametrize(
    ("reply", "error"), [(SILENT, OutcomeUnknown), (HALF, TimedOut)], ids=["silent", "stalled"]
)
def test_a_time_out_stops_the_query(
    make: MakeClient,
    server: ScriptedServer,
    stops: Callable[[], list[str]],
    reply: Reply,
    error: type[ByteHouseError],
) -> None:
    """Before the first row and between two; the error names the query."""
    answering(server, submit=reply, status=data({"queryID": "q", "status": "Running"}))
    began = time.monotonic()
    with pytest.raises(error) as caught:
        read(make(server.url, clock=Clock()), timeout=0.5)
    assert caught.value.query_id == "q"
    assert stops() == [KILLED]
    assert time.monotonic() - began < 0.8


def test_a_stop_that_is_not_answered_takes_a_tenth_of_the_time_more(
    make: MakeClient, server: ScriptedServer, flavour: str
) -> None:
    """A service that has gone silent holds nobody for long, nor is it given up at once."""
    behind = flavour != "sync"
    running = data({"queryID": "q", "status": "Running"})
    answering(server, submit=running if behind else SILENT, status=running, stop=SILENT)
    began = time.monotonic()
    with pytest.raises((TimedOut, OutcomeUnknown)):
        read(make(server.url, clock=Clock()), timeout=2.5, asynchronous=behind)
    assert 2.74 < time.monotonic() - began < 3.3


def test_a_time_out_is_for_the_whole_way_to_the_first_row(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Submitting, waiting and fetching share it, and what has ended is not stopped."""
    states = iter(["Running"] * 3)
    began = time.monotonic()

    def answer(seen: Seen) -> Reply:
        if seen.operation == STATUS:
            return data({"status": next(states, "Finished")})
        return RUNNING if seen.operation.startswith("submit_") else SILENT

    server.handler = answer
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
        (SILENT, SILENT, {"asynchronous": True}, KILLED_BEHIND),
        (RUNNING, SILENT, {"asynchronous": True}, KILLED_BEHIND),
        (RUNNING, SILENT, {}, KILLED_BEHIND),
        (data(["q"]), SILENT, {}, KILLED_BEHIND),
    ],
    ids=["before rows", "amid rows", "while submitted", "behind", "switched", "named"],
)
def test_cancelling_the_task_stops_the_query(
    *,
    server: ScriptedServer,
    stops: Callable[[], list[str]],
    http: Literal["httpx", "aiohttp"],
    cancelling: Callable[[Any], Any],
    submit: Reply,
    status: Reply,
    options: dict[str, Any],
    stop: str,
) -> None:
    """Wherever it stands, and also where a cancelled scope stops all that is awaited in it."""
    answering(server, submit=submit, status=status)

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY, http=http) as bh:

            async def reading() -> None:
                result = await bh.query("SELECT 1", query_id="q", **options)
                await result.rows()

            await cancelling(reading())

    asyncio.run(main())
    assert stops() == [stop]


@pytest.mark.parametrize("begin", ["query", "submit"])
def test_ctrl_c_stops_what_is_being_submitted(
    make: MakeClient,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    stops: Callable[[], list[str]],
    begin: str,
) -> None:
    """Before the answer says that it runs in the background, it may run, so it is stopped."""
    answering(server, submit=SILENT)
    bh = make(server.url)
    with pressed(server, interrupt):
        if begin == "query":
            bh.query("SELECT 1", query_id="q", asynchronous=True)
        else:
            bh.queries.submit("SELECT 1", query_id="q")
    assert stops() == [KILLED_BEHIND]


def test_ctrl_c_stops_what_a_look_is_taken_at(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    stops: Callable[[], list[str]],
) -> None:
    """An answer that names a query is followed; while that is asked about, Ctrl-C stops it."""
    answering(server, submit=data(["q"]), status=SILENT)
    with pressed(server, interrupt):
        read(bh)
    assert stops() == [KILLED_BEHIND]


def test_a_query_that_is_said_to_run_is_never_taken_for_one_without_rows(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """If the service loses it, that is an error; a mere name that it does not know is that of a
    statement which is done."""
    answering(server, submit=RUNNING, status=NO_QUERY)
    with pytest.raises(NotFound):
        read(bh)
    looks = iter([data({"status": "Running"}), NO_QUERY])
    submitted = data(["q"])
    server.handler = lambda seen: (
        submitted if seen.operation.startswith("submit_") else next(looks, NO_QUERY)
    )
    with pytest.raises(NotFound):
        read(bh)
    answering(server, submit=data(["q"]), status=NO_QUERY)
    server.seen.clear()
    assert read(bh) == []
    assert server.operations[1:] == [STATUS]


def test_a_look_that_is_lost_is_taken_again(
    make: MakeClient, server: ScriptedServer, stops: Callable[[], list[str]]
) -> None:
    """A gateway's error on the way to a query in the background loses neither it nor its rows."""
    looks = iter([Reply(503), Reply(502), data({"status": "Running"}), data({"status": "Done"})])

    def answer(seen: Seen) -> Reply:
        if seen.operation.startswith("submit_"):
            return data(["q"])
        return next(looks) if seen.operation == STATUS else Reply(body=WHOLE)

    server.handler = answer
    assert len(read(make(server.url, max_retries=0))) == len(ROWS)
    assert stops() == []


def test_a_stop_that_overtakes_its_query_is_sent_again(
    bh: ByteHouse,
    server: ScriptedServer,
    interrupt: Callable[[], None],
    stops: Callable[[], list[str]],
    clock: FakeClock,
) -> None:
    """The service does not know yet what is still on its way, but only for a moment; what it will
    never know holds nobody for more than a second."""
    answers = iter([NO_QUERY, NO_QUERY])
    server.handler = lambda seen: (
        SILENT if seen.operation.startswith("submit_") else next(answers, data({}))
    )
    with pressed(server, interrupt):
        read(bh)
    assert stops() == [KILLED] * 3
    clock.slept.clear()
    answering(server, submit=SILENT, stop=NO_QUERY)
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
    stops: Callable[[], list[str]],
    stop: Reply,
    lines: list[str],
) -> None:
    """Others may run in it, such as those of a connection's other cursors."""
    answering(server, submit=HALF, stop=stop)
    with bh.session("s").query("SELECT 1", query_id="q"):
        pass
    assert stops() == lines
    assert {seen.path["id"] for seen in server.seen if seen.operation == KILLED} == {"q"}
    assert all(
        seen.header("X-QuerySession-ID") == "s" for seen in server.seen if seen.operation == ABORTED
    )


@pytest.mark.parametrize("stop", [Reply(500), Reply(403), NO_PATH, Reply(body="<html>")], ids=str)
def test_a_stop_that_fails_does_not_hide_why(
    bh: ByteHouse, server: ScriptedServer, interrupt: Callable[[], None], stop: Reply
) -> None:
    """Ctrl-C stays Ctrl-C."""
    answering(server, submit=SILENT, stop=stop)
    with pressed(server, interrupt):
        read(bh)


def test_what_the_service_has_ended_is_not_stopped(
    bh: ByteHouse, server: ScriptedServer, stops: Callable[[], list[str]]
) -> None:
    """A statement that failed, or was refused, runs no longer."""
    refused = Reply(400, "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)")
    for reply, error in ((refused, QueryFailed), (Reply(500), ServerError)):
        answering(server, submit=reply)
        with pytest.raises(error):
            read(bh)
    answering(server, submit=Reply(body=json.dumps(WHOLE)[:-2]))
    with pytest.raises(ResponseDecodeError):
        read(bh)
    assert stops() == []


def test_what_runs_in_the_background_runs_in_no_session(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The API has no session there, so that is refused instead of forgotten."""
    with pytest.raises(InvalidArgument, match="session"):
        bh.query("SELECT 1", asynchronous=True, session_id="s")
    assert server.seen == []
