"""A call ends in its time, whatever the server does. These wait in earnest."""

import itertools
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

import bytehouse._recovery.probes  # noqa: F401 - first imported in a call, it may outlast a deadline
from bytehouse import ByteHouse, ByteHouseError, Clock, RetryPolicy, TimedOut, TransportError
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.proxy import FaultProxy, proxied
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
from tests.support.wire import request_line, route

__all__ = ["every_transport"]

DEADLINE = 0.4
LATE = 0.5  # asking the service to stop a statement may take 0.2 of these
WELL = data({"name": "d"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BUSY = {"Retry-After": "1"}

Call = Callable[[ByteHouse], object]
READ: Call = lambda bh: bh.databases.get("d")  # noqa: E731 - a table of calls
CREATE: Call = lambda bh: bh.databases.create("d")  # noqa: E731
DELETE: Call = lambda bh: bh.tables.delete("d", "t")  # noqa: E731
EXECUTE: Call = lambda bh: bh.queries.execute("SELECT 1", query_id="q")  # noqa: E731
PAGES: Call = lambda bh: bh.databases.list(page_size=1).all()  # noqa: E731

SCRIPTED: dict[str, tuple[Call, Reply]] = {
    "never answers": (READ, SILENT),
    "never answers a create": (CREATE, SILENT),
    "never answers a statement": (EXECUTE, SILENT),
    "never answers a delete": (DELETE, SILENT),
    "stops in the headers": (READ, Reply(raw=HEAD[:20], then="wait")),
    "stops in the body": (READ, Reply(raw=HEAD, then="wait")),
    "a byte of the headers now and then": (READ, Reply(raw=HEAD * 9, pace=0.05, then="wait")),
    "a byte of the body now and then": (CREATE, Reply(raw=HEAD + b" " * 99, pace=0.02)),
    "chunks without end": (READ, Reply(raw=ENDLESS + b"1\r\n \r\n" * 5000, pace=0.0002)),
    "informs without end": (READ, Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 500, pace=0.001)),
    "hangs up each time": (READ, CLOSED),
    "hangs up on a create and its looks": (CREATE, RESET),
    "is unavailable for ever": (READ, Reply(503)),
    "is unavailable, come back later": (CREATE, Reply(503, headers=BUSY)),
    "is too busy for ever": (EXECUTE, Reply(429)),
    "breaks off each time": (READ, Reply(body={"data": {"name": "d"}}, cut=3)),
    "redirects for ever": (
        READ,
        Reply(302, headers={"Location": route("get_database", db_name="d")[1]}),
    ),
    "a compressed body without end": (
        READ,
        Reply(raw=HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"), then="wait"),
    ),
}


@pytest.fixture(autouse=True, scope="module")
def imported() -> None:
    """Let no import of a first failure count as time of the calls that are measured."""
    bh = ByteHouse(f"http://127.0.0.1:{closed_port()}", KEY, deadline=5, max_retries=1)
    with suppress(ByteHouseError):
        CREATE(bh)


@pytest.fixture
def patient() -> dict[str, object]:
    """Return the settings of a client that would go on for ever, but for its deadline."""
    policy = RetryPolicy(first_pause=0.01, longest_pause=0.05)
    return {"clock": Clock(), "deadline": DEADLINE, "max_retries": 10_000, "retry_policy": policy}


def timed(call: Call, bh: ByteHouse) -> float:
    """Return how long a call takes, whatever comes of it."""
    with Stopwatch() as watch, suppress(ByteHouseError):
        call(bh)
    return watch.seconds


@pytest.mark.parametrize("behaviour", SCRIPTED)
def test_a_call_does_not_outlive_its_deadline(
    make: MakeClient, server: ScriptedServer, patient: dict[str, object], behaviour: str
) -> None:
    """It ends at most half a second after its deadline, looks and pauses included."""
    call, reply = SCRIPTED[behaviour]
    server.script(reply)
    assert timed(call, make(server.url, **patient)) < DEADLINE + LATE


@pytest.mark.parametrize("behaviour", ["refuses", "no TLS", "silent TLS", "reads nothing"])
def test_a_call_without_a_connection_does_not_outlive_its_deadline(
    make: MakeClient, patient: dict[str, object], behaviour: str
) -> None:
    """The same where no connection comes about, or none that takes a request."""
    with ScriptedServer(reads=behaviour == "no TLS") as silent:
        host = silent.url
        if behaviour == "refuses":
            host = f"http://127.0.0.1:{closed_port()}"
        elif "TLS" in behaviour:
            host = host.replace("http:", "https:")
        assert timed(CREATE, make(host, **patient)) < DEADLINE + LATE


@pytest.mark.parametrize("fault", ["black hole", "unsent black hole", "trickle"])
def test_a_call_through_a_broken_network_does_not_outlive_its_deadline(
    make: MakeClient, server: ScriptedServer, patient: dict[str, object], fault: str
) -> None:
    """The same where the server answers and the network swallows it."""
    server.script(WELL)

    def choose(_: bytes) -> str:
        return fault

    with proxied(server.url, choose) as proxy:  # type: ignore[arg-type]
        assert isinstance(proxy, FaultProxy)
        for call in (READ, CREATE):
            assert timed(call, make(proxy.url, **patient)) < DEADLINE + LATE


def test_a_statement_that_runs_on_is_not_polled_beyond_the_deadline(
    make: MakeClient, server: ScriptedServer, patient: dict[str, object]
) -> None:
    """After a lost answer it is looked at until the deadline, and then stopped on the server, which
    may take a little longer."""
    running = data({"queryID": "q", "status": "Running"})
    server.handler = lambda seen: CLOSED if seen.operation == "submit_sync_query" else running
    # The last probe may find it running, or find no time left.
    with (
        Stopwatch() as watch,
        pytest.raises(TransportError, match=r"Running|not end within") as caught,
    ):
        EXECUTE(make(server.url, **{**patient, "deadline": 3 * DEADLINE}))
    assert watch.seconds < 3 * DEADLINE + 2 * LATE
    assert getattr(caught.value, "state", None) == "Running"
    assert server.lines[-1] == request_line("kill_sync_query", id="q")


def test_all_pages_of_a_list_share_one_deadline(
    make: MakeClient, server: ScriptedServer, patient: dict[str, object]
) -> None:
    """A list without end, each page of which comes in time, ends at the deadline of one call, and
    the error names it; so does one whose second page never comes."""
    pages = itertools.count()

    def another(_: Seen) -> Reply:
        time.sleep(DEADLINE / 4)
        return Reply(body={"data": [{"name": f"d{next(pages)}"}], "meta": {"total": 1 << 30}})

    server.handler = another
    bh = make(server.url, **patient)
    with (
        Stopwatch() as watch,
        pytest.raises(TimedOut, match=r"deadline of 0\.4 s passed|no response within") as caught,
    ):
        PAGES(bh)
    assert "Raise `timeout=` or `deadline=`" in caught.value.hint
    assert watch.seconds < DEADLINE + LATE
    server.clear()
    server.script(Reply(body={"data": [{"name": "a"}], "meta": {"total": 2}}), SILENT)
    assert timed(PAGES, bh) < DEADLINE + LATE


def test_what_the_caller_does_between_pages_is_no_time_of_the_list(
    make: MakeClient, server: ScriptedServer, patient: dict[str, object]
) -> None:
    """It may take longer than the deadline."""
    page = {"meta": {"total": 3}}
    server.script(*(Reply(body={"data": [{"name": name}], **page}) for name in "abc"))
    names = []
    for database in make(server.url, **patient).databases.list(page_size=1):
        time.sleep(DEADLINE)
        names.append(database.name)
    assert names == ["a", "b", "c"]
