"""What a connection does of its own, under each HTTP library: nothing is sent or read twice."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable

import attrs
import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    Clock,
    ResponseDecodeError,
    TimedOut,
    TransportError,
)
from bytehouse._core.config import Http
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import CLOSED, RESET, Reply, ScriptedServer, data, well_formed
from tests.support.wire import keyed_bytes, request_line

__all__ = ["every_transport"]

EVIL = b'{"data": {"name": "evil"}}'
FURTHER = well_formed(EVIL)
WELL = data({"name": "d"})


@pytest.mark.parametrize("reply", [CLOSED, RESET], ids=["hangs up", "resets"])
def test_a_request_is_sent_once_for_each_attempt(
    bh: ByteHouse, server: ScriptedServer, reply: Reply
) -> None:
    """No library repeats of its own accord what it takes for harmless, on a connection that is new
    or was used before."""
    calls: dict[str, Callable[[], object]] = {
        "get_database": lambda: bh.databases.get("d", max_retries=0),
        "delete_table": lambda: bh.tables.delete("d", "t", max_retries=0),
        "create_database": lambda: bh.databases.create("d", max_retries=0),
    }
    for used in (False, True):
        for operation, call in calls.items():
            server.script(*[WELL] * used, reply)
            if used:
                bh.databases.get("before")
            with pytest.raises(ByteHouseError):
                call()
            assert [s.operation for s in server.seen[used:]].count(operation) == 1


@pytest.mark.parametrize(
    "unasked",
    [FURTHER, FURTHER[:20], FURTHER[:-5], b"HTTP/1.1 408 Late\r\n\r\n", b"junk"],
    ids=["an answer", "a head begun", "a body begun", "an answer without end", "junk"],
)
def test_what_comes_between_two_calls_is_not_taken_for_a_response(
    bh: ByteHouse, server: ScriptedServer, unasked: bytes
) -> None:
    """A connection on which something came that was not asked for is not used again, though the
    program was busy and its event loop has not seen it."""
    server.script(WELL)
    bh.databases.get("first")
    server.say(unasked)
    time.sleep(0.05)
    assert bh.databases.get("second", max_retries=0).name == "d"
    assert server.connections == 2


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_a_busy_program_does_not_take_what_came_meanwhile_for_a_response(
    server: ScriptedServer, http: Http
) -> None:
    """The same within one run of an event loop that was kept from looking at its connections."""
    server.script(WELL)

    async def main() -> str | None:
        async with AsyncByteHouse(server.url, KEY, http=http, max_retries=0) as bh:
            await bh.databases.get("first")
            server.say(FURTHER)
            time.sleep(0.05)  # noqa: ASYNC251 - a program that does so is what this is about
            return (await bh.databases.get("second")).name

    assert asyncio.run(main()) == "d"
    assert server.connections == 2


def test_no_cookie_is_kept_for_a_host_with_a_name(make: MakeClient, server: ScriptedServer) -> None:
    """A host that is a bare address gets none from some libraries anyway."""
    server.script(Reply(body={"data": {"name": "d"}}, headers={"Set-Cookie": "a=b; Path=/"}))
    bh = make(f"http://localhost:{server.port}")
    for _ in range(2):
        bh.databases.get("d")
    assert server.seen[1].header("Cookie") is None


@pytest.mark.parametrize("cut", [20, 45, 60])
def test_a_second_response_that_is_cut_anywhere_is_not_used(
    bh: ByteHouse, server: ScriptedServer, cut: int
) -> None:
    """A part that came together with the answer before it spoils the connection as well."""
    first = well_formed(b'{"data": {"name": "d"}}')
    server.script(Reply(raw=first + FURTHER[:cut]), WELL)
    bh.databases.get("first")
    server.say(FURTHER[cut:])
    time.sleep(0.05)
    assert bh.databases.get("second", max_retries=0).name == "d"
    assert server.connections == 2


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_a_name_server_that_does_not_answer_holds_no_task(
    monkeypatch: pytest.MonkeyPatch, http: Http
) -> None:
    """Looking up the host ends with the time of the call, which has sent nothing."""
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(5) and [])

    async def main() -> float:
        began = time.monotonic()
        async with AsyncByteHouse("tenant.example", KEY, http=http, max_retries=0) as bh:
            with pytest.raises(TimedOut):
                await bh.databases.create("d", deadline=0.2)
        answers.set()
        return time.monotonic() - began

    assert asyncio.run(main()) < 2


def test_a_body_without_a_length_that_is_reset_did_not_come_whole(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Only the orderly end of a connection ends a body that does not say how long it is."""
    raw = b"HTTP/1.1 200 OK\r\n\r\n" + keyed_bytes(b'{"data": {"name": "d"}}')
    server.script(Reply(raw=raw, then="close"))
    assert make(server.url).databases.get("d").name == "d"
    server.script(Reply(raw=raw, pace=0.001, then="reset"))
    with pytest.raises((ResponseDecodeError, TransportError)):
        make(server.url, max_retries=0).databases.get("d")


def test_a_refusal_before_the_body_was_taken_is_reported(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A large body goes out whole, and a service that does not want it may say so."""
    large = "x" * 3_000_000
    bh = make(server.url)
    bh.databases.create("d", description=large)
    assert server.seen[0].json["description"] == large
    assert server.seen[0].header("Content-Length") == str(len(server.seen[0].body))
    server.script(Reply(413, {"message": "too large"}))
    with pytest.raises(ByteHouseError, match="too large"):
        bh.databases.create("d", description=large)


def test_rows_are_read_piece_by_piece_over_a_connection_of_their_own(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A result that is being read holds its connection; left early, it is not used again. What
    breaks off or stops coming is told when it is met."""
    many = {"data": [{"columns": [["n", "Int64"]], "rows": [[n] for n in range(200_000)]}]}
    rows = Reply(body=many, chunked=True)
    server.handler = lambda seen: rows if seen.operation == "submit_sync_query" else WELL
    bh = make(server.url, clock=Clock())
    with bh.query("SELECT 1") as result:
        assert next(iter(result)) == (0,)
        bh.databases.get("beside")
        assert server.connections == 2
    bh.databases.get("after")
    assert server.seen[-1].connection == 2
    rows = attrs.evolve(rows, cut=100_000)
    with pytest.raises(ResponseDecodeError), bh.query("SELECT 1") as result:
        result.rows()
    rows = attrs.evolve(rows, then="wait")
    with pytest.raises(TransportError), bh.query("SELECT 1", timeout=0.5) as result:
        result.rows()


def test_long_headers_and_all_encodings_are_accepted(bh: ByteHouse, server: ScriptedServer) -> None:
    """A gateway may say a great deal; gzip and deflate are undone, in pieces too."""
    packed = gzip.compress(keyed_bytes(b'{"data": {"name": "packed"}}'))
    headers = {
        "X-Long": "x" * 30_000,
        "Content-Encoding": "gzip",
        "Content-Length": str(len(packed)),
    }
    server.script(Reply(body=packed, headers=headers))
    assert bh.databases.get("d").name == "packed"
    server.script(Reply(body=packed, headers={"Content-Encoding": "gzip"}, chunked=True))
    assert bh.databases.get("d").name == "packed"


def test_requests_are_the_same_under_each_library(bh: ByteHouse, server: ScriptedServer) -> None:
    """No library adds a header or changes an address."""
    odd = "a~b %2F+ü'(!*,;@:$&=)"
    bh.databases.get(odd)
    bh.databases.create("d")
    assert server.lines == [
        request_line("get_database", db_name=odd),
        request_line("create_database"),
    ]
    common = ["accept", "accept-encoding", "authorization", "host", "user-agent"]
    body = ["content-length", "content-type"]
    # One library says that there is no body where there may be one, the other leaves it unsaid.
    said = {(name.lower(), value) for name, value in server.seen[0].headers}
    assert sorted(name for name, _ in said - {("content-length", "0")}) == common
    assert sorted(name.lower() for name, _ in server.seen[1].headers) == sorted(common + body)
