"""Whatever a server answers, a call returns or raises one of our errors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bytehouse import ByteHouse, ByteHouseError
from tests.support.flavours import KEY, FakeClock
from tests.support.server import Reply, ScriptedServer

CALLS: list[Callable[[ByteHouse], object]] = [
    lambda bh: bh.databases.get("d"),
    lambda bh: bh.databases.list(limit=5).all(),
    lambda bh: bh.databases.create("d"),
    lambda bh: bh.databases.delete("d"),
    lambda bh: bh.tables.list("d").first(),
    lambda bh: bh.tables.get("d", "t"),
    lambda bh: bh.partitions.delete("d", "t", "p"),
    lambda bh: bh.partitions.bounds("d", "t"),
    lambda bh: bh.queries.execute("SELECT 1"),
    lambda bh: bh.queries.submit("SELECT 1").ids,
    lambda bh: bh.queries.handle("q").wait(2),
    lambda bh: bh.queries.handle("q").result(2),
    lambda bh: bh.queries.handle("q").cancel(),
    lambda bh: bh.queries.lineage("SELECT 1"),
    lambda bh: bh.queries.dialects().all(),
]
WORDS = ["data", "meta", "total", "offset", "cursor", "next", "error", "code", "message", "status",
         "queryID", "name", "uuid", "rows", "columns"]  # fmt: skip
STATES = ["Finished", "Failed", "Killed", "Running", "Success", "0", "404"]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(STATES),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
objects = st.dictionaries(st.sampled_from(WORDS), values, max_size=5)
bodies = objects | objects | values | st.binary(max_size=40)
statuses = st.sampled_from([200, 200, 200, 201, 204, 404, 500]) | st.integers(200, 999)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["application/json", "text/html", "", "x/y; charset=q"]),
        "Content-Encoding": st.sampled_from(["gzip", "deflate", "br", "identity", "nonsense"]),
        "Retry-After": st.sampled_from(["", "1", "nan", "-1", "Mon", "9" * 400]),
        "X-ClickHouse-Exception-Code": st.sampled_from(["60", "", "x" * 300]),
        "Location": st.sampled_from(["/", "http://[", "https://x\u00ff"]),
    },
)


@pytest.fixture(scope="module")
def surroundings() -> None:
    """Leave the surroundings alone: all examples share one client."""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ScriptedServer, ByteHouse]]:
    """Run a server and a client of it for all examples."""
    with ScriptedServer() as server, ByteHouse(server.url, KEY, clock=FakeClock()) as bh:
        yield server, bh


@settings(max_examples=400)
@example(call=CALLS[0], reply=Reply(body={"data": {"name": 1}, "error": {"code": 10**30}}))
@given(
    call=st.sampled_from(CALLS),
    reply=st.builds(
        Reply, statuses, bodies, headers, chunked=st.booleans(), cut=st.sampled_from([0, 0, 0, 2])
    ),
)
def test_any_response_gives_a_result_or_one_of_our_errors(
    running: tuple[ScriptedServer, ByteHouse], call: Callable[[ByteHouse], object], reply: Reply
) -> None:
    """No status, header, JSON or bytes makes a call raise anything else."""
    server, bh = running
    server.script(reply)
    outcome: Any
    try:
        outcome = call(bh)
    except ByteHouseError as error:
        outcome = error
    assert str(outcome) is not None
    assert repr(outcome) is not None


@settings(max_examples=100)
@given(call=st.sampled_from(CALLS), raw=st.binary(max_size=60), well=st.booleans())
def test_any_bytes_give_a_result_or_one_of_our_errors(
    running: tuple[ScriptedServer, ByteHouse],
    call: Callable[[ByteHouse], object],
    raw: bytes,
    well: bool,
) -> None:
    """Nor does what is no HTTP at all, or only begins as if it were."""
    server, bh = running
    server.script(Reply(raw=(b"HTTP/1.1 200 OK\r\n" if well else b"") + raw, then="close"))
    try:
        call(bh)
    except ByteHouseError as error:
        assert str(error)  # noqa: PT017 - most raise, some do not
