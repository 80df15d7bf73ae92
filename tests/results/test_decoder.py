"""That rows are decoded block by block is not to be seen from outside."""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bytehouse import ByteHouse, ResponseDecodeError
from bytehouse._results.decoder import NotJSON, NotRows, python_rows
from bytehouse_raw.models import ResultColumn
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer

LISTS = [ResultColumn("n", "Int64"), ResultColumn("a", "Array(String)")]
BLOCKS = {
    "as its columns say": b'["1",["x"]]',
    "otherwise": b'["one",["x"]]',
    "cut": b'["1",["x"',
    "too short": b"[1]",
}


@pytest.fixture
def restored() -> Iterator[None]:
    """Collect garbage again after a test."""
    yield
    gc.enable()


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("block", BLOCKS)
def test_decoding_leaves_the_collector_as_it_was(block: str, enabled: bool) -> None:
    """Whether a block is valid or not."""
    (gc.enable if enabled else gc.disable)()
    decoder = python_rows(LISTS, "arrays")
    try:
        decoder.decode(BLOCKS[block], sure=False)
    except (NotJSON, NotRows):
        assert block in ("cut", "too short")
    assert gc.isenabled() is enabled


@pytest.mark.usefixtures("restored")
def test_the_collector_is_enabled_after_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that begins while another decodes, and ends after it, leaves it enabled."""
    is_enabled = gc.isenabled

    def asked_as_the_other_ends() -> bool:
        found = is_enabled()
        gc.enable()
        return found

    gc.disable()
    monkeypatch.setattr(gc, "isenabled", asked_as_the_other_ends)
    python_rows(LISTS, "arrays").decode(BLOCKS["as its columns say"], sure=True)
    assert is_enabled()


@pytest.mark.parametrize("form", ["arrays", "objects"])
def test_a_type_is_inferred_from_more_than_a_block(
    bh: ByteHouse, server: ScriptedServer, form: str
) -> None:
    """An untyped column that begins with a long run of NULL has the type of what follows."""
    import pyarrow as pa

    rows: list[Any] = [(n, None if n < 20_000 else n) for n in range(30_000)]
    written = rows if form == "arrays" else [{"n": n, "x": x} for n, x in rows]
    meta = [{"name": "n", "type": "Int64"}, {"name": "x"}]
    server.handler = lambda _: Reply(body={"data": [{"columns": meta, "rows": written}]})
    table = bh.query("SELECT 1").to_arrow()
    assert table.schema.types == [pa.int64(), pa.int64()]
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == rows


@cases("name", ['concat("a")', "a\\b", "a\nb", "\0", "", "é", "f0"])
@cases("form", ["arrays", "objects"])
def test_a_column_may_have_any_name(
    bh: ByteHouse, server: ScriptedServer, form: str, name: str
) -> None:
    """Its values are typed, whatever characters its name has."""
    row: Any = ["1", "2026-11-23"]
    meta = [{"name": name, "type": "Int64"}, {"name": "day", "type": "Date"}]
    written = row if form == "arrays" else {name: row[0], "day": row[1]}
    server.handler = lambda _: Reply(body={"data": [{"columns": meta, "rows": [written]}]})
    expected = {name: 1, "day": date(2026, 11, 23)}
    assert list(bh.query("SELECT 1").mappings()) == [expected]
    assert bh.query("SELECT 1").to_arrow().to_pylist() == [expected]


def test_an_element_of_a_tuple_may_have_any_name() -> None:
    """A label that no field can have does not prevent decoding."""
    column = ResultColumn("t", 'Tuple(`a"b` Int64, c Date)')
    found = python_rows([column], "arrays").decode(b'[["1","2026-11-23"]]', sure=True)
    assert found == [((1, date(2026, 11, 23)),)]


def test_columns_may_have_the_same_name(bh: ByteHouse, server: ScriptedServer) -> None:
    """In every form, rows written as arrays have a value for each column."""
    meta = [{"name": "x", "type": "Int64"}, {"name": "x", "type": "DateTime('UTC')"}]
    body = {"data": [{"columns": meta, "rows": [["1", "2026-11-23 10:00:00"]]}]}
    server.handler = lambda _: Reply(body=body)
    row = bh.query("SELECT 1").one()
    table = bh.query("SELECT 1").to_arrow()
    assert row == (1, table.column(1)[0].as_py())
    assert table.column(0).to_pylist() == [1]


META_TWICE = [{"name": "x", "type": "Int64"}, {"name": "y"}, {"name": "x", "type": "Int64"}]


@cases("head", [b'{"data":[', b'{"data":[{"columns":%b,"rows":[' % json.dumps(META_TWICE).encode()])
def test_objects_with_a_name_twice_are_refused(
    bh: ByteHouse, server: ScriptedServer, head: bytes
) -> None:
    """JSON libraries keep the last of the two, with or without the names beside the rows."""
    end = b"]}]}" if b"rows" in head else b"]}"
    server.handler = lambda _: Reply(body=head + b'{"x":1,"y":2,"x":3}' + end)
    with pytest.raises(ResponseDecodeError, match="same name: x; name them with AS"):
        bh.query("SELECT 1").rows()


@cases("form", ["arrays", "objects"])
def test_numbers_without_a_type_keep_their_digits(
    bh: ByteHouse, server: ScriptedServer, form: str
) -> None:
    """What no float prints is a Decimal, in containers too; everything else stays a float."""
    long = Decimal("12345678901234567890.12345")
    text = f'{long}, 1.50, 1e-7, {{"a": [-{long}, 18446744073709551616]}}, 1e999'
    expected = (long, 1.5, 1e-7, {"a": [-long, 2**64]}, math.inf)
    row = f"[{text}]"
    if form == "objects":
        pairs = ", ".join(f'"{at}": {v}' for at, v in enumerate(_split(text)))
        row = f"{{{pairs}}}"
    server.handler = lambda _: Reply(body=f'{{"data":[{row},{row}]}}'.encode())
    rows = bh.query("SELECT 1").rows()
    assert rows == [expected] * 2
    assert list(map(type, rows[0])) == list(map(type, expected))
    [column, *_] = bh.query("SELECT 1").to_arrow().columns
    assert column.to_pylist() == [long] * 2


def _split(text: str) -> list[str]:
    before, inside, after = text.partition("{")[0], *text.partition("{")[2].partition("}")[::2]
    return [*before.rstrip(", ").split(", "), f"{{{inside}}}", after.lstrip(", ")]


def test_floats_beside_long_decimals_go_to_arrow_as_decimals(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """As far as they have been read together."""
    server.handler = lambda _: Reply(body=b'{"data":[[1.5],[12345678901234567890.12345],[2]]}')
    [column] = bh.query("SELECT 1").to_arrow().columns
    assert column.to_pylist() == [Decimal("1.5"), Decimal("12345678901234567890.12345"), 2]
