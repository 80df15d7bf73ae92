"""Whatever a service sends as a result, reading it takes bounded memory and time, and raises only
our errors."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, ByteHouseError, ResponseDecodeError, TimedOut
from bytehouse._results import parser
from bytehouse._results.arrow import ArrowConverter
from bytehouse._results.parser import ResultParser
from bytehouse._results.scanning import UnexpectedLayout
from bytehouse._types.codecs import codec_of
from bytehouse_raw.models import ResultColumn
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient
from tests.support.server import Reply, ScriptedServer

PIECE = 1 << 16


def seconds_to_parse(head: bytes, unit: bytes, size: int) -> float:
    """Return the processor time that it takes to parse a body that repeats a part of itself."""
    parsed = ResultParser()
    piece = unit * (PIECE // len(unit))
    began = time.process_time()
    for part in chain([head], repeat(piece, size // len(piece))):
        parsed.feed(part)
        while parsed.next_event() is not None:
            pass
    return time.process_time() - began


ENDLESS = {
    "blanks": (b"{", b" "),
    "blanks between rows": (b'{"data":[[1],', b" "),
    "blanks before rows": (b'{"data":[', b" "),
    "blanks in a first row": (b'{"data":[{"a":1', b" "),
    "a string": (b'{"data":[["', b"a"),
    "an escaped string": (b'{"data":[["', b'\\"'),
    "a number": (b'{"data":[[', b"1"),
    "a name": (b'{"', b"a"),
    "a row": (b'{"data":[[1', b",1"),
    "columns": (b'{"columns":["a"', b',"a"'),
    "a type": (b'{"columns":[{"name":"a","type":"Tuple(', b"Int8,"),
    "a field": (b'{"a":1', b',"a":1'),
}


@pytest.mark.slow
@cases("name", ENDLESS)
def test_the_time_to_parse_is_linear_in_the_bytes(name: str) -> None:
    """Four times as much takes four times as long, and not sixteen."""
    head, unit = ENDLESS[name]
    small, large = (seconds_to_parse(head, unit, size << 18) for size in (1, 4))
    assert large < 9 * small + 0.1


@cases("name", [name for name in ENDLESS if "blanks" not in name and name != "a field"])
def test_an_endless_value_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never ends is refused at the size that a value may have, and little more is kept."""
    monkeypatch.setattr(parser, "MAX_VALUE", 1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedLayout, match="more than 1048576 bytes"):
            seconds_to_parse(*ENDLESS[name], 5 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def many_fields() -> Iterator[bytes]:
    """Yield an object of more and more fields."""
    yield b'{"a":1'
    for number in range(parser.MAX_COLUMNS + 1):
        yield b',"a%d":1' % number


@cases(
    "body",
    [
        b"".join(many_fields()),
        b'{"data":' + b"".join(many_fields()),
        b'{"data":[' + b"".join(many_fields()) + b"}]}",
        b'{"columns":[' + b'"a",' * parser.MAX_COLUMNS + b'"a"],"data":[]}',
        b'{"data":[[' + b"1," * parser.MAX_COLUMNS + b"1]]}",
        b'{"data":' + b"[" * 5000,
        b'{"a":"' + b"a" * parser.MAX_BESIDE_ROWS + b'"}',
    ],
)
def test_what_stands_beside_the_rows_is_bounded(body: bytes) -> None:
    """Fields, columns, nesting and the bytes of all of them."""
    with pytest.raises(UnexpectedLayout, match=r"more than|too deeply"):
        seconds_to_parse(body, b" ", 0)


def test_few_bytes_do_not_become_gigabytes_of_rows() -> None:
    """A row may leave out the columns that have no value: blocks of such rows are small."""
    width = 9000
    row = b"{%b}" % b",".join(b'"c%d":1' % at for at in range(width))
    parsed = ResultParser()
    parsed.feed(b'{"data":[' + row + b',{"c0":1}' * 20_000)
    tracemalloc.start()
    try:
        with suppress(UnexpectedLayout):
            for _ in range(20):
                parsed.next_event()
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()


@cases("number", [f"1e{'9' * 22}", f"-1e{'9' * 22}", f"1e-{'9' * 22}"])
@cases("kind", ["Float64", "Decimal(9, 2)", "Int64", "String", "Array(Float64)", "Nothing", None])
def test_a_number_that_nothing_holds_is_infinite_or_refused(
    bh: ByteHouse, server: ScriptedServer, number: str, kind: str | None
) -> None:
    """Rows have it as a float; Arrow has it so, or says which column it does not fit."""
    written = f"[{number}]" if kind == "Array(Float64)" else number
    columns = json.dumps([{"name": "a", "type": kind}])
    server.script(Reply(body=f'{{"columns": {columns}, "data": [[{written}], ["x"]]}}'))
    value = bh.query("SELECT 1").rows()[0][0]
    if kind in ("Float64", None):
        assert math.isinf(value) or value == 0.0
    with suppress(ResponseDecodeError):
        bh.query("SELECT 1").to_arrow()


TYPES = [
    "(" * 5000,
    "Array(" * 500 + ")" * 500,
    "Tuple(" + "Int8, " * 5000 + "Int8)",
    "'" + "\\'" * 50_000,
    f"DateTime64({'9' * 5000})",
    f"Decimal({'9' * 5000}, 2)",
    "Decimal(100, 2)",
    "Decimal(x, y)",
    "Decimal(-1, 2)",
    "Enum8('a' = --5, 'b' = 99999999999999999999)",
    f"Enum8('a' = {'9' * 5000})",
    "Map(Int8)",
    "Map(Int8, Int8, Int8)",
    "Array(Int8, Int8)",
    "Tuple(`a\ud800` Int8, b Int8)",
    "DateTime('..')",
    "DateTime('\0')",
    "Nullable(Nullable(Nullable(Map(Array(Int8), Int8))))",
    "LowCardinality()",
    "Nested(",
    ",",
    "",
]


@cases("kind", TYPES)
def test_a_type_that_is_none_is_no_obstacle(kind: str) -> None:
    """Any string in the place of a type: its values stay as they came."""
    began = time.process_time()
    codec_of(kind)
    assert ArrowConverter([ResultColumn("a\ud800", kind)]).schema is not None
    assert time.process_time() - began < 1


def test_parsing_counts_against_the_deadline(make: MakeClient, server: ScriptedServer) -> None:
    """Fields that arrive at once and take long to parse end at the deadline."""
    server.script(Reply(body=b'{"a":1' + b',"a":1' * 700_000 + b"}"))
    began = time.monotonic()
    with pytest.raises(TimedOut, match="time ran out"):
        make(server.url).query("SELECT 1", deadline=0.5)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("streamed", [True, False])
async def test_other_tasks_run_while_a_large_answer_is_parsed(
    server: ScriptedServer, streamed: bool
) -> None:
    """The event loop is back within a fraction of the processor time that parsing takes."""
    entries = [{"name": f"n{at}", "uuid": "u", "description": "d" * 20} for at in range(40_000)]
    rows = [["1", "x", None]] * 1_000_000
    body = json.dumps({"data": rows if streamed else entries}).encode()  # not in a thread of ours
    # What is received at once lets no task run between its pieces.
    packed = {"Content-Encoding": "gzip"} if streamed else {}
    server.script(Reply(body=gzip.compress(body) if streamed else body, headers=packed))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - began)

    async with AsyncByteHouse(server.url, KEY) as bh:
        await (await bh.query("SELECT 1")).rows()  # what is imported stops everything, once
        watching = asyncio.create_task(watch())
        began = time.process_time()
        if streamed:
            assert len(await (await bh.query("SELECT 1")).rows()) == len(rows)
        else:
            with suppress(ByteHouseError):
                await bh.databases.list(page_size=100_000).first()
        taken = time.process_time() - began
        await asyncio.sleep(0.01)  # so that what waited to the end is seen
        watching.cancel()
    assert longest < taken / 2, (longest, taken)
