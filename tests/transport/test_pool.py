"""Connections are kept between calls, no more than so many, and none that is not good any more."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    Clock,
    ConfigError,
    NotFound,
    Result,
    TimedOut,
    TransportError,
)
from bytehouse._core.config import Http
from bytehouse._transport.pool import IdleConnections
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, Seen, data
from tests.support.stopwatch import Stopwatch

WELL = data({"name": "d"})


class Line:
    """A connection as the bookkeeping sees one."""

    def __init__(self) -> None:
        self.idle = True
        self.expired = False
        self.looks = 0

    def has_expired(self) -> bool:
        """Count that it was looked at."""
        self.looks += 1
        return self.expired

    def is_idle(self) -> bool:
        """Tell whether it can be used again."""
        return self.idle


def filled(count: int) -> tuple[IdleConnections[Line], list[Line]]:
    """Return what keeps some idle connections, the last one given back last."""
    kept: IdleConnections[Line] = IdleConnections()
    lines = [Line() for _ in range(count)]
    for line in lines:
        kept.add(line)
        assert kept.release(line) == []
    return kept, lines


def test_the_connection_that_was_used_last_is_used_again() -> None:
    """So those that a burst has made grow old and can be closed."""
    kept, lines = filled(3)
    assert kept.acquire() == (lines[2], [])
    assert kept.acquire() == (lines[1], [])
    kept.release(lines[1])
    assert kept.acquire() == (lines[1], [])


def test_a_call_checks_its_own_connection_however_many_there_are() -> None:
    """What keeping connections costs does not grow with their number."""
    kept, lines = filled(500)
    before = sum(line.looks for line in lines)
    for _ in range(10):
        taken, _ = kept.acquire()
        assert taken is not None
        kept.release(taken)
    # Once in a while a call looks at the oldest one as well.
    assert sum(line.looks for line in lines) - before in (10, 11)


def test_connections_that_are_no_longer_good_are_given_out_to_be_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are passed over when one is taken, and cleared away when one comes back."""
    kept, lines = filled(4)
    lines[3].expired = lines[0].expired = lines[1].expired = True
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    taken, stale = kept.acquire()
    assert (taken, stale) == (lines[2], [lines[3]])
    assert kept.release(lines[2]) == [lines[0], lines[1]]
    assert kept.acquire() == (lines[2], [])
    lines[2].idle = False  # it broke
    assert kept.release(lines[2]) == [lines[2]]
    assert kept.acquire() == (None, [])


def test_calls_in_a_row_share_one_connection(bh: ByteHouse, server: ScriptedServer) -> None:
    """A call that was refused gives its connection back as well."""
    server.script(WELL, Reply(404, {"error": {"code": "DatabaseNotFound"}}), Reply(503), WELL)
    assert bh.databases.get("a").name == "d"
    with pytest.raises(NotFound):
        bh.databases.get("b")
    assert bh.databases.get("c").name == "d"
    assert len(server.seen) == 4
    assert len({seen.connection for seen in server.seen}) == 1


def test_a_connection_that_broke_is_not_used_again(bh: ByteHouse, server: ScriptedServer) -> None:
    """Neither one that was closed without an answer nor one whose answer broke off."""
    server.script(CLOSED, Reply(body={"data": {"name": "d"}}, cut=3, then="close"), WELL, WELL)
    assert bh.databases.get("d").name == "d"
    assert bh.databases.get("d").name == "d"
    first, second, third, fourth = (seen.connection for seen in server.seen)
    assert len({first, second, third}) == 3
    assert fourth == third


def test_threads_use_no_more_connections_than_there_may_be(server: ScriptedServer) -> None:
    """The others wait for one, and get it."""
    busy, most, lock = set[int](), [0], threading.Lock()

    def handler(seen: Seen) -> Reply:
        with lock:
            busy.add(seen.connection)
            most[0] = max(most[0], len(busy))
        time.sleep(0.002)
        with lock:
            busy.discard(seen.connection)
        return WELL

    server.handler = handler
    with ByteHouse(server.url, KEY, max_connections=3) as bh, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: bh.databases.get("d"), range(100)))
    assert most[0] == 3
    assert len({seen.connection for seen in server.seen}) == 3


def test_tasks_use_no_more_connections_than_there_may_be(server: ScriptedServer) -> None:
    """The same for tasks."""
    server.handler = lambda _: WELL

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY, max_connections=3) as bh:
            await asyncio.gather(*(bh.databases.get("d") for _ in range(100)))

    asyncio.run(main())
    assert len({seen.connection for seen in server.seen}) == 3


def test_a_call_without_a_connection_in_time_says_that_nothing_was_sent(
    server: ScriptedServer,
) -> None:
    """A call that only waited for a connection had no effect, so it may be made again."""
    server.script(SILENT)
    with (
        ByteHouse(server.url, KEY, max_connections=1, max_retries=0) as bh,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = pool.submit(bh.databases.get, "a", timeout=0.5)
        while not server.seen:
            time.sleep(0.005)
        with Stopwatch() as watch, pytest.raises(TransportError, match="available"):
            bh.databases.create("b", timeout=0.1)
        assert watch.seconds < 0.4
        assert isinstance(waiting.exception(), TimedOut)
    assert server.operations == ["get_database"]


def test_a_body_that_is_read_in_pieces_holds_its_connection_until_it_is_closed(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Closed early, its connection is given up, as the rest of the body would come over it."""
    rows = ",".join("[1]" for _ in range(200_000))
    long = f'{{"data": {{"columns": [{{"name": "a", "type": "UInt8"}}], "rows": [{rows}]}}}}'
    server.handler = lambda seen: (
        Reply(body=long, headers={"Content-Type": "application/json"})
        if seen.operation == "submit_sync_query"
        else WELL
    )
    bh = make(server.url, max_connections=1, clock=Clock(), max_retries=0)
    with bh.query("SELECT 1") as result:
        next(iter(result))
        with pytest.raises(TransportError, match="available"):
            bh.databases.get("d", timeout=0.1)
    assert bh.databases.get("d").name == "d"


@pytest.mark.parametrize("read", [lambda result: result.rows(), list])
def test_a_result_that_was_read_to_its_end_needs_no_closing(
    make: MakeClient, server: ScriptedServer, read: Callable[[Result], object]
) -> None:
    """Its connection is free for the next query at once, though the result is still held."""
    bh = make(server.url, max_connections=1, timeout=2)
    server.script(Reply(body={"data": [{"columns": [], "rows": [[1]]}]}))
    held = []
    for _ in range(3):
        held.append(bh.query("SELECT 1"))
        read(held[-1])
    assert len(held) == 3


def test_a_task_that_is_cancelled_gives_its_connection_up(server: ScriptedServer) -> None:
    """Whatever cancels it, the next call finds a connection."""
    server.script(SILENT, WELL)

    async def main() -> str | None:
        async with AsyncByteHouse(server.url, KEY, max_connections=1) as bh:
            task = asyncio.create_task(bh.databases.get("a"))
            while not server.seen:  # noqa: ASYNC110 - the server runs in threads
                await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.wait([task])
            return (await bh.databases.get("b")).name

    assert asyncio.run(main()) == "d"


def test_closing_a_client_wakes_what_waits(server: ScriptedServer) -> None:
    """A call that waits for a response, and one that waits for a connection, end at once."""
    server.script(SILENT)
    with ThreadPoolExecutor(2) as pool:
        bh = ByteHouse(server.url, KEY, max_connections=1)
        calls = [pool.submit(bh.databases.get, "a")]
        while not server.seen:
            time.sleep(0.005)
        calls.append(pool.submit(bh.databases.get, "b"))
        time.sleep(0.05)
        began = time.monotonic()
        bh.close()
        for call in calls:
            assert isinstance(call.exception(timeout=5), ByteHouseError)
        assert time.monotonic() - began < 2
    assert len(server.seen) == 1


def test_closing_a_client_wakes_what_waits_for_an_open_result(server: ScriptedServer) -> None:
    """Nobody reads it, so its connection would not be free before the time of the call is over."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rows = b'{"data":[{"columns":[["n","Int64"]],"rows":[' + b",".join([b"[1]"] * 20_000)
    server.script(Reply(raw=head + b"%x\r\n%b\r\n" % (len(rows), rows), then="wait"))
    with ThreadPoolExecutor(1) as pool:
        bh = ByteHouse(server.url, KEY, max_connections=1, timeout=5)
        result = bh.query("SELECT 1")
        call = pool.submit(bh.databases.get, "b")
        time.sleep(0.1)
        began = time.monotonic()
        bh.close()
        assert isinstance(call.exception(timeout=5), ByteHouseError)
        assert time.monotonic() - began < 2
        result.close()


def test_no_lock_of_the_library_is_taken(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt just after that would leave it locked, and the library waits without time."""

    def take(_: object) -> None:
        raise AssertionError("a lock was taken")

    for name in ("Lock", "ThreadLock"):
        monkeypatch.setattr(f"httpcore._synchronization.{name}.__enter__", take)
    with ByteHouse(server.url, KEY) as bh:
        assert bh.databases.get("d").name == bh.databases.get("d").name


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
@cases("begun", [True, False])
def test_closing_an_asynchronous_client_wakes_what_waits(
    server: ScriptedServer, http: Http, *, begun: bool
) -> None:
    """The same with tasks; where the response has begun, its reader ends, with one of our errors.
    Closing takes no time, though a result is open."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    rows = b'{"data":[{"columns":[["n","Int64"]],"rows":[' + b",".join([b"[1]"] * 20_000)
    raw = head + b"%x\r\n%b\r\n" % (len(rows), rows)
    server.script(Reply(raw=raw, then="wait") if begun else SILENT)

    async def main() -> float:
        bh = AsyncByteHouse(server.url, KEY, max_connections=1, http=http, timeout=20)
        result = await bh.query("SELECT 1") if begun else None
        calls = [result.rows() if result else bh.databases.get("a"), bh.databases.get("b")]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await bh.aclose()
        done, _ = await asyncio.wait(tasks, timeout=5)
        assert len(done) == 2
        for task in done:
            assert isinstance(task.exception(), ByteHouseError)
        return time.monotonic() - began

    assert asyncio.run(main()) < 2


def test_a_client_has_at_least_one_connection() -> None:
    """With none no call could ever be made."""
    with pytest.raises(ConfigError, match="from 1 to 10000"):
        ByteHouse("tenant.example", KEY, max_connections=0)
