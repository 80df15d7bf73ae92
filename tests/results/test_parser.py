"""A body is understood by its shape, however it is cut, and never half."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouse, ResponseDecodeError
from bytehouse._results.parser import (
    Begin,
    Columns,
    End,
    Event,
    Fields,
    Reference,
    ResultParser,
)
from bytehouse._results.scanning import UnexpectedLayout
from bytehouse_raw.operations import DATA_KEY
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer, Seen, data
from tests.support.wire import keyed, keyed_bytes

META = [{"name": "n", "type": "Int64"}, {"name": "s", "type": "Array(Array(String))"}]
WIRE: list[list[Any]] = [["1", [["x],[", 'y"],["'], []]], [2, []], [None, [["]", "\\", '\\"]']]]]
TYPED = [(1, [["x],[", 'y"],["'], []]), (2, []), (None, [["]", "\\", '\\"]']])]
AS_IT_CAME = [tuple(row) for row in WIRE]
OBJECTS = [{"n": n, "s": s} for n, s in WIRE]
Names = list[tuple[str, str | None]]
ONE: Names = [("n", "Int64"), ("s", "Array(Array(String))")]
UNTYPED: Names = [("n", None), ("s", None)]

Results = list[tuple[Names, list[tuple[Any, ...]]]]
UNDERSTOOD: dict[str, tuple[Any, Results]] = {
    "results with columns and rows": (
        {"data": [{"queryID": "q", "columns": META, "rows": WIRE, "rowCount": 3}]},
        [(ONE, TYPED)],
    ),
    "results of several statements": (
        {
            "data": [
                {"columns": META, "rows": WIRE},
                {"columns": [], "rows": []},
                {"meta": META, "data": []},
            ]
        },
        [(ONE, TYPED), ([], []), (ONE, [])],
    ),
    "rows before the columns": (
        {"data": [{"rows": WIRE, "columns": META}]},
        [(UNTYPED, AS_IT_CAME)],
    ),
    "one level deeper": ({"data": [{"result": {"meta": META, "values": WIRE}}]}, [(ONE, TYPED)]),
    "deeper in another way": (
        {"data": {"results": [{"schema": META, "records": WIRE}]}},
        [(ONE, TYPED)],
    ),
    "a list for each statement": ({"data": [[{"meta": META, "data": WIRE}]]}, [(ONE, TYPED)]),
    "no envelope": ({"columns": META, "rows": WIRE}, [(ONE, TYPED)]),
    "a single result": ({"data": {"columns": META, "rows": WIRE}}, [(ONE, TYPED)]),
    "row objects": ({"data": OBJECTS}, [(UNTYPED, AS_IT_CAME)]),
    "row objects for each statement": (
        {"data": [OBJECTS, [], [{"n": 5}]]},
        [(UNTYPED, AS_IT_CAME), ([], []), ([("n", None)], [(5,)])],
    ),
    "row objects in a result": ({"data": [{"columns": META, "rows": OBJECTS}]}, [(ONE, TYPED)]),
    "metadata beside, before": ({"meta": META, "data": WIRE, "rows": 3}, [(ONE, TYPED)]),
    "metadata beside, behind": ({"data": WIRE, "meta": META, "rows": 3}, [(UNTYPED, AS_IT_CAME)]),
    "metadata beside objects": ({"meta": META, "data": OBJECTS, "rows": 3}, [(ONE, TYPED)]),
    "names and types apart": (
        {"columns": ["n", "s"], "types": [t for _, t in ONE], "data": WIRE},
        [(ONE, TYPED)],
    ),
    "types before names": (
        {"types": [t for _, t in ONE], "columns": ["n", "s"], "data": WIRE},
        [(ONE, TYPED)],
    ),
    "pairs of name and type": ({"columns": [list(c) for c in ONE], "rows": WIRE}, [(ONE, TYPED)]),
    "rows without names": (
        {"data": WIRE},
        [([("column_1", None), ("column_2", None)], AS_IT_CAME)],
    ),
    "columns named like parts of a result": (
        {"data": [{"id": 1, "values": []}, {"id": 2, "values": [1]}]},
        [([("id", None), ("values", None)], [(1, []), (2, [1])])],
    ),
    "a column of ids": ({"data": [{"id": "a"}, {"id": "b"}]}, [([("id", None)], [("a",), ("b",)])]),
    "a map named like a part of a result": (
        {"data": [{"id": 1, "data": {"k": 1}}]},
        [([("id", None), ("data", None)], [(1, {"k": 1})])],
    ),
    "values that are not there": ({"meta": META, "data": [{"n": 1}]}, [(ONE, [(1, None)])]),
    "no results": ({"data": []}, []),
    "an empty result": ({"data": [{}]}, []),
    "null": ({"data": None}, []),
    "nothing": ({}, []),
    "a word": ({"data": "Success", "message": "Success", "error": {"code": "0"}}, []),
}
REFERENCES: dict[str, Any] = {
    "an element": {"data": [{"queryID": "q-7", "status": "Running"}]},
    "an object": {"data": {"asyncQueryID": "q-7"}},
    "the id that was submitted": {"data": [{"id": "q-7"}]},
    "a mere text": {"data": "q-7"},
    "a list of texts": {"data": ["q-7"]},
}
STRANGE: dict[str, Any] = {
    "numbers": {"data": [1, 2]},
    "a list": [1],
    "a text": "x",
    "another key": {"foo": [{"a": 1}]},
    "an object that is none": {"data": {"foo": 1, "bar": 2}},
    "rows that are none": {"data": [{"columns": META, "rows": [1]}]},
    "rows too short": {"data": [{"columns": META, "rows": [[1]]}]},
    "a row with more": {"data": [{"a": 1}, {"a": 1, "b": 2}]},
    "two documents": b'{"data":[]} {"data":[]}',
    "no JSON": b"<html>",
    "half JSON": b'{"data":[[1,]]}x',
}


def read(body: bytes, size: int = 1 << 20, cuts: list[int] | None = None) -> list[Event]:
    """Read a body in pieces; neighbouring blocks of rows are joined."""
    reader = ResultParser("q-7")
    marks = cuts or list(range(size, len(body), size))
    found: list[Event] = []

    def take() -> None:
        while (event := reader.next_event()) is not None:
            if isinstance(event, list) and found and isinstance(found[-1], list):
                found[-1] = [*found[-1], *event]
            else:
                found.append(event)

    for begin, end in zip([0, *marks], [*marks, len(body)], strict=True):
        reader.feed(body[begin:end])
        take()
    reader.finish()
    take()
    assert reader.complete
    return found


def results(events: list[Event]) -> Results:
    """Return the results among events, with the column names that came after their rows."""
    found: Results = []
    for event in events:
        match event:
            case Begin(columns):
                found.append(([(c.name, c.type) for c in columns], []))
            case list():
                found[-1][1].extend(event)
            case Columns(columns):
                found[-1] = ([(c.name, None) for c in columns], found[-1][1])
            case _:
                assert isinstance(event, End | Fields)
    return found


def bodies(document: Any) -> list[bytes]:
    """Write a document in the usual styles of JSON."""
    if isinstance(document, bytes):
        return [document]
    document = keyed(document) if isinstance(document, dict) else document
    return [
        json.dumps(document, separators=(",", ":")).encode(),
        json.dumps(document, indent=2).encode(),
        json.dumps(document, ensure_ascii=False).encode(),
    ]


@cases("name", UNDERSTOOD)
def test_every_layout_is_parsed(name: str) -> None:
    """Columns and rows are found anywhere, and decoded if their types came first."""
    document, expected = UNDERSTOOD[name]
    for body in bodies(document):
        assert results(read(body)) == expected


@cases("name", REFERENCES)
def test_a_query_id_in_place_of_a_result(name: str) -> None:
    """An id alone, in any of its likely forms, is recognized."""
    for body in bodies(REFERENCES[name]):
        found = [event.query_id for event in read(body) if isinstance(event, Reference)]
        assert found == ["q-7"]


@cases("name", STRANGE)
def test_other_bodies_raise(name: str) -> None:
    """Nothing is ignored silently."""
    for body in bodies(STRANGE[name]):
        with pytest.raises(UnexpectedLayout):
            read(body)


@cases("name", UNDERSTOOD)
def test_chunks_may_be_cut_anywhere(name: str) -> None:
    """Chunks of any size result in the same rows."""
    for body in bodies(UNDERSTOOD[name][0]):
        whole = read(body)
        for size in (1, 2, 3, 7, 64):
            assert read(body, size) == whole


@cases("name", UNDERSTOOD)
def test_every_truncation_raises(name: str) -> None:
    """A truncated body is never taken for a complete one."""
    for body in bodies(UNDERSTOOD[name][0])[:2]:
        for end in range(1, len(body), 3 if b"\n" in body else 1):
            with pytest.raises(UnexpectedLayout):
                read(body[:end], 16)


CELLS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["],[", '"', "\\", "]}", "},{"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.data(), st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12))
def test_any_rows_in_any_chunks(draw: st.DataObject, rows: list[tuple[Any, Any]]) -> None:
    """Brackets, quotes and commas within values never separate rows."""
    form = draw.draw(st.sampled_from(["arrays", "objects"]))
    written = [list(row) if form == "arrays" else {"a": row[0], "b": row[1]} for row in rows]
    document = {"meta": [{"name": "a"}, {"name": "b"}], "data": written, "rows": len(rows)}
    body = draw.draw(st.sampled_from(bodies(document)))
    cuts = sorted(draw.draw(st.sets(st.integers(1, len(body) - 1), max_size=8)))
    assert results(read(body, cuts=cuts))[0][1] == rows
    with pytest.raises(UnexpectedLayout):
        read(body[: draw.draw(st.integers(1, len(body) - 1))], 5)


BODIES = [body for document, _ in UNDERSTOOD.values() for body in bodies(document)]
PIECES = b'{ } [ ] , : " \\ \\u - 1 e9 null "data": "rows": "columns": "type":"Array('.split()
PIECES += [b" ", b"\n", b'{"data":[[', b"\xc3", b"\xff"]


@given(
    body=st.sampled_from([b"", *BODIES]),
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=6).map(b"".join),
    begin=st.integers(0, 300),
    left_out=st.integers(0, 20),
    cuts=st.sets(st.integers(1, 300), max_size=8),
)
def test_any_bytes_mean_the_same_in_any_chunks(
    body: bytes, pieces: bytes, begin: int, left_out: int, cuts: set[int]
) -> None:
    """What is almost a result is parsed or refused, wherever its chunks end."""
    body = body[:begin] + pieces + body[begin + left_out :]

    def outcome(cuts: list[int] | None) -> list[Event] | None:
        try:
            return read(body, cuts=cuts)
        except UnexpectedLayout:
            return None

    assert outcome(sorted(cut for cut in cuts if cut < len(body))) == outcome(None)


@cases("parted", [",", ",\n", " , ", ",\r\n\t"])
@cases("hostile", ["x", "],[", '"],["', "]", "\\"])
def test_large_results_are_read_in_blocks(parted: str, hostile: str) -> None:
    """However rows are separated, blocks end between them, and each row is in one."""
    rows = [[n, f"{hostile}{n}", [[n], [hostile]]] for n in range(3_000)]
    meta = json.dumps(
        [{"name": "n", "type": "UInt32"}, {"name": "s", "type": "String"}, {"name": "a"}]
    )
    lines = parted.join(json.dumps(row, separators=(",", ":")) for row in rows)
    body = f'{{"meta":{meta},"data":[{lines}],"rows":1}}'.encode()
    assert results(read(body, 65_536))[0][1] == [tuple(row) for row in rows]


@pytest.mark.filterwarnings("ignore::bytehouse.LostValuesWarning")
@cases(
    ("type_", "wire", "value"),
    [
        ("Int32", '"zz"', "zz"),
        ("String", "5", 5),
        ("Date", '"0000-00-00"', "0000-00-00"),
        ("IPv4", '"nowhere"', "nowhere"),
        ("Array(Int8)", '["a"]', ["a"]),
        ("Float64", "1.5e400", float("inf")),
        ("DateTime", "1700000000.5", None),
        ("NoSuchType(5)", "[1.5]", [1.5]),
        ("Tuple(a Int8, b String)", '{"a":1,"b":"x"}', (1, "x")),
        ("Map(Int8, Float64)", '{"x":1}', {"x": 1}),
        ("Nullable(", "1", 1),
    ],
)
def test_a_value_of_another_type_is_kept(type_: str, wire: str, value: Any) -> None:
    """It neither raises nor affects its neighbours."""
    meta = [{"name": "x", "type": type_}, {"name": "n", "type": "Int64"}]
    body = f'{{"meta":{json.dumps(meta)},"data":[[{wire},"1"],[null,"2"]]}}'.encode()
    [(_, [(first, one), (second, two)])] = results(read(body))
    assert (one, second, two) == (1, None, 2)
    assert value is None or first == value


def test_strings_that_are_not_utf8_can_be_recovered() -> None:
    """Their bytes are kept as surrogates, as in Python's file names."""
    body = b'{"meta":[{"name":"s","type":"String"}],"data":[["a\xff\xfe"],["ok"]]}'
    [(_, [(found,), (other,)])] = results(read(body))
    assert found.encode("utf-8", "surrogateescape") == b"a\xff\xfe"
    assert other == "ok"


@cases("name", UNDERSTOOD.keys() - {"nothing"})
def test_a_client_reads_every_layout(bh: ByteHouse, server: ScriptedServer, name: str) -> None:
    """In both flavours, with a length or chunked."""
    document, expected = UNDERSTOOD[name]
    for chunked in (False, True):
        server.handler = partial(_reply, document, chunked=chunked)
        each = [(one, one.rows()) for one in bh.query("SELECT 1").results()]
        found = [([(c.name, c.type) for c in one.columns], rows) for one, rows in each]
        assert found == (expected or [([], [])])


def _reply(document: Any, _: Seen, *, chunked: bool) -> Reply:
    return Reply(body=document, chunked=chunked)


@cases("name", STRANGE)
def test_a_parse_error_shows_the_body(bh: ByteHouse, server: ScriptedServer, name: str) -> None:
    """The error has the start of the body."""
    for body in map(keyed_bytes, bodies(STRANGE[name])):
        server.handler = partial(_reply, body, chunked=False)
        with pytest.raises(ResponseDecodeError) as caught:
            bh.query("SELECT 1", query_id="q-7").rows()
        assert caught.value.query_id == "q-7"
        assert caught.value.status == 200
        assert caught.value.body == body.decode()
        assert body.decode()[:20] in str(caught.value) or repr(body.decode())[1:20] in str(
            caught.value
        )


def test_a_late_parse_error_shows_its_place(bh: ByteHouse, server: ScriptedServer) -> None:
    """The error has the start of the body and what could not be parsed."""
    rows = '[1,"x"],' * 50_000
    body = f'{{"{DATA_KEY}":[{{"columns":["n","s"],"rows":[{rows}["here"]]}}]}}'
    server.handler = partial(_reply, body.encode(), chunked=True)
    with pytest.raises(ResponseDecodeError, match=r"1 values for 2 columns, at '.*here") as caught:
        bh.query("SELECT 1").rows()
    assert len(caught.value.body) >= 500
    assert body.startswith(caught.value.body)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_truncated_body_raises_after_its_rows(
    bh: ByteHouse, server: ScriptedServer, chunked: bool
) -> None:
    """The rows that arrived are returned, then an error is raised, and the query is killed."""
    rows = [[n, "x" * 1000] for n in range(1_000)]
    document = {"data": [{"columns": [{"name": "n"}, {"name": "s"}], "rows": rows}]}

    def answer(seen: Seen) -> Reply:
        if seen.operation == "kill_sync_query":
            return data({})
        return Reply(body=document, chunked=chunked, cut=1000, then="close")

    server.handler = answer
    rows_read: list[Any] = []
    with pytest.raises(ResponseDecodeError, match=r"broke off|truncated"):
        rows_read.extend(bh.query("SELECT 1"))
    assert 500 < len(rows_read) < 1_000
    assert server.seen[-1].operation == "kill_sync_query"
