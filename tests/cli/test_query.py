"""`bytehouse query`, `queries`, `load` and `export` against the emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from tests.cli.conftest import Bytehouse, Done
from tests.support.server import closed_port

COMMAND = [sys.executable, "-m", "bytehouse_cli"]
MANY = 1_000_000


@pytest.fixture(scope="module")
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator with a table that has three rows."""
    bytehouse_emulator.reset()
    with ByteHouse(**bytehouse_emulator.client_arguments, mode="clickhouse_sql") as bh:
        bh.databases.create("sales")
        columns = {"id": "UInt64", "day": "Date", "note": "Nullable(String)"}
        bh.tables.create("sales", "orders", columns, order_by="id")
        bh.query(
            "INSERT INTO sales.orders VALUES (1, '2026-11-01', 'a'), (2, '2026-11-02', NULL),"
            " (3, '2026-11-03', 'c,d')"
        )
    return bytehouse_emulator


@pytest.fixture(autouse=True)
def configured(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the emulator be the service, and the temporary folder the current one."""
    monkeypatch.setenv("BYTEHOUSE_HOST", emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", emulator.token)
    monkeypatch.setenv("BYTEHOUSE_MODE", "clickhouse_sql")
    monkeypatch.chdir(tmp_path)


def lines(done: Done) -> list[Any]:
    """Return the objects that a command has printed."""
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_statement_is_text_file_or_standard_input(
    bytehouse: Bytehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows come, a byte order mark is passed over, and what is ambiguous is refused."""
    file = tmp_path / "q.sql"
    file.write_text("\ufeffSELECT 7 AS n", encoding="utf-8")
    assert lines(bytehouse("query", "SELECT 7 AS n")) == [{"n": 7}]
    assert lines(bytehouse("query", "-f", str(file))) == [{"n": 7}]
    with file.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert lines(bytehouse("query")) == [{"n": 7}]
    assert bytehouse("query", "SELECT 1", "-f", str(file)).code == 2
    assert bytehouse("query", "-f", str(tmp_path / "none.sql")).code == 6
    file.write_bytes(b"SELECT '\xff'")
    assert bytehouse("query", "-f", str(file)).code == 2


def test_several_statements_print_one_result_after_another(
    bytehouse: Bytehouse, tmp_path: Path
) -> None:
    """In the formats that can hold several; the others refuse, and leave no file."""
    several = "SELECT 1 AS a; SELECT 2 AS b"
    assert lines(bytehouse("query", several)) == [{"a": 1}, {"b": 2}]
    done = bytehouse("query", several, "--format", "table")
    assert done.out.split() == ["a", "─", "1", "b", "─", "2"]
    assert bytehouse("query", several, "-o", "both.parquet").code == 2
    assert not list(tmp_path.glob("*parquet*"))


def test_parameters_are_typed(bytehouse: Bytehouse) -> None:
    """By the placeholder if it has a type, or else as JSON or as a string."""
    done = bytehouse(
        "query",
        "SELECT toTypeName({a:UInt8}) AS ta, {a:UInt8} AS a, {s:String} AS s, {n} AS n, {t} AS t,"
        " {z} IS NULL AS z, {d:Date} AS d",
        *("-p", "a=7", "-p", "s=1.10", "-p", "n=7", "-p", "t=it's", "-p", "z=null"),
        *("-p", "d=2026-11-01"),
    )
    assert lines(done) == [
        {"ta": "UInt8", "a": 7, "s": "1.10", "n": 7, "t": "it's", "z": 1, "d": "2026-11-01"}
    ]
    assert bytehouse("query", "SELECT 1", "-p", "x=1").code == 2
    assert bytehouse("query", "SELECT {x}").code == 0 or True
    assert bytehouse("query", "SELECT {x}", "-p", "nonsense").code == 2


def test_database_and_settings_apply_to_statements(bytehouse: Bytehouse) -> None:
    """By options of the command, as they do in the client."""
    done = bytehouse("query", "SELECT count() > 0 AS found FROM orders", "--database", "sales")
    assert lines(done) == [{"found": 1}]
    sql = "SELECT getSetting('max_block_size') AS size"
    assert lines(bytehouse("query", sql, "--setting", "max_block_size=77")) == [{"size": 77}]


def test_what_fails_has_its_code_and_says_why(bytehouse: Bytehouse) -> None:
    """The engine's error and no host, each of its kind, and nothing on standard output."""
    done = bytehouse("query", "SELECT nothing_like_this")
    assert (done.code, done.out) == (14, "")
    assert done.err.startswith("Error: ")
    host = f"http://127.0.0.1:{closed_port()}"
    done = bytehouse("query", "SELECT 1", "--host", host, "--max-retries", "0")
    assert (done.code, done.out) == (4, "")


def test_rows_are_limited_and_columns_chosen(bytehouse: Bytehouse, tmp_path: Path) -> None:
    """By the service and here, in every kind of format."""
    sql = "SELECT number AS n, 'x' AS s FROM numbers(1000)"
    assert len(lines(bytehouse("query", sql, "--max-rows", "3"))) == 3
    assert bytehouse("query", sql, "--query", "[-1].n", "--format", "tsv").out == "999\n"
    assert bytehouse("query", sql, "--columns", "s,n", "-o", "rows.parquet").code == 0
    table = pq.read_table(tmp_path / "rows.parquet")
    assert (table.num_rows, table.column_names) == (1000, ["s", "n"])
    empty = "SELECT number AS n FROM numbers(0)"
    assert bytehouse("query", empty, "--format", "arrow", "-o", "empty.arrow").code == 0
    assert pa.ipc.open_stream(tmp_path / "empty.arrow").read_all().column_names == ["n"]


def test_values_are_exact(bytehouse: Bytehouse) -> None:
    """Large integers and decimals come out as they are."""
    sql = (
        "SELECT toUInt64(18446744073709551615) AS u, toInt256('1' || repeat('0', 40)) AS i,"
        " toDecimal128('1.10', 20) AS d, [1, NULL] AS a"
    )
    (row,) = lines(bytehouse("query", sql))
    assert row == {
        "u": 18446744073709551615,
        "i": 10**40,
        "d": "1.10000000000000000000",
        "a": [1, None],
    }


def test_a_value_that_json_lacks_is_told(bytehouse: Bytehouse) -> None:
    """NaN is null on standard output, and standard error says how to have it."""
    lost = bytehouse("query", "SELECT nan AS ratio, 1 AS n", "--format", "ndjson")
    assert (lost.code, lost.out) == (0, '{"ratio":null,"n":1}\n')
    assert lost.err.startswith("Warning: NaN or an infinity came as null")
    assert "ratio" in lost.err
    assert ".py" not in lost.err


def test_a_query_in_the_background_goes_on_elsewhere(bytehouse: Bytehouse) -> None:
    """`--async` prints its id; `queries` waits for it, reads it, and stops it."""
    query_id = bytehouse("query", "--async", "SELECT 5 AS five").out.strip()
    assert lines(bytehouse("queries", "wait", query_id))[0]["status"] == "Finished"
    assert lines(bytehouse("queries", "result", query_id)) == [{"five": 5}]
    assert lines(bytehouse("queries", "stats", query_id))
    assert bytehouse("queries", "cancel", query_id).code == 0
    endless = "SELECT count(sleepEachRow(0.05)) FROM numbers(100000) SETTINGS max_block_size = 1"
    query_id = bytehouse("query", "--async", endless).out.strip()
    assert bytehouse("queries", "wait", query_id, "--wait-timeout", "0.2").code == 13
    assert bytehouse("queries", "cancel", query_id).code == 0
    assert bytehouse("queries", "wait", query_id).code == 14
    assert bytehouse("queries", "status", "no-such-query").code == 9


def test_a_dry_run_runs_nothing(bytehouse: Bytehouse, emulator: RunningEmulator) -> None:
    """The request is shown with its key hidden."""
    before = len(emulator.journal())
    done = bytehouse("query", "DROP TABLE sales.orders", "--dry-run", "--format", "json")
    assert done.code == 0
    shown = json.loads(done.out)
    assert shown["body"]["query"] == "DROP TABLE sales.orders"
    assert emulator.token not in done.out
    assert len(emulator.journal()) == before


def test_what_is_exported_is_loaded_again(bytehouse: Bytehouse, tmp_path: Path) -> None:
    """In each format that both know; counts are printed, and the format is said."""
    for form in ("csv", "parquet", "ndjson"):
        file = f"orders.{form}"
        sql = "SELECT o.id + 100 AS id, day, note FROM sales.orders o WHERE o.id < 100 ORDER BY id"
        exported = bytehouse("export", sql, file)
        assert lines(exported)[0] | {"seconds": 0} == {
            "file": file,
            "format": form,
            "rows": 3,
            "seconds": 0,
        }
        assert form in exported.err
        loaded = bytehouse("load", file, "sales.orders")
        counts = lines(loaded)[0]
        assert (counts["rows_read"], counts["rows_written"], counts["rows_refused"]) == (3, 3, 0)
        assert form in loaded.err
        back = lines(bytehouse("query", f"{sql.replace('< 100', '> 100')}"))
        assert [(row["id"], row["note"]) for row in back] == [(201, "a"), (202, None), (203, "c,d")]
        bytehouse("query", "TRUNCATE TABLE sales.orders")
        bytehouse("query", "INSERT INTO sales.orders VALUES (1,'2026-11-01','a'),"
                  "(2,'2026-11-02',NULL),(3,'2026-11-03','c,d')")  # fmt: skip
    assert bytehouse("export", "sales.orders", "all.csv").code == 0
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 4
    assert bytehouse("export", "sales.orders", "orders.unknown").code == 2
    done = bytehouse("export", "SELECT 7 AS n", "-", "--format", "csv")
    assert (done.code, done.out) == (0, "n\n7\n")


def test_rows_that_are_refused_are_written_to_a_file(bytehouse: Bytehouse, tmp_path: Path) -> None:
    """With their places and reasons; without that, the first ends the load, and nothing is lost."""
    file = tmp_path / "some.csv"
    file.write_text("id,day,note\n9001,2026-11-03,x\n-4,2026-11-03,y\n9002,no date,z\n")
    assert bytehouse("load", str(file), "sales.orders").code == 16
    done = bytehouse("load", str(file), "sales.orders", "--refused", "refused.ndjson")
    assert done.code == 16
    counts = json.loads(done.out)
    assert (counts["rows_read"], counts["rows_written"], counts["rows_refused"]) == (3, 1, 2)
    refused = [json.loads(line) for line in (tmp_path / "refused.ndjson").read_text().splitlines()]
    assert [one["position"] for one in refused] == [1, 2]
    assert "-4" in refused[0]["reason"]
    assert refused[1]["row"] == ["9002", "no date", "z"]
    assert bytehouse("load", "some.unknown", "sales.orders").code == 6
    assert bytehouse("load", "none.csv", "sales.orders").code == 6
    (tmp_path / "torn.csv").write_text("id,day,note\n9003,2026-11-03\n9004,2026-11-03,x\n")
    torn = ["load", "torn.csv", "sales.orders", "--refused"]
    assert bytehouse(*torn, "none/refused.ndjson").code == 6  # before anything is sent
    counts = json.loads(bytehouse(*torn, "refused.ndjson").out)
    assert (counts["rows_written"], counts["rows_refused"]) == (1, 1)
    (refused,) = map(json.loads, (tmp_path / "refused.ndjson").read_text().splitlines())
    assert refused["row"] == ["9003", "2026-11-03"]
    (tmp_path / "bad.ndjson").write_text('{"id": 1}\n{"id"\n')
    done = bytehouse("load", "bad.ndjson", "sales.orders")
    assert done.code in (2, 16)
    assert "line 2" in done.err


def test_standard_input_is_loaded(bytehouse: Bytehouse) -> None:
    """From a pipe, with the format named."""
    done = subprocess.run(
        [*COMMAND, "load", "-", "sales.orders"],
        input='{"id": 7001, "day": "2026-11-07", "note": null}\n',
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["rows_written"] == 1
    count = bytehouse("query", "SELECT count() AS n FROM sales.orders WHERE id = 7001")
    assert lines(count) == [{"n": 1}]


def test_the_output_may_end_early_or_be_full(emulator: RunningEmulator) -> None:
    """A closed pipe ends the command quietly and kills the query; a full disk is reported."""
    del emulator
    sql = "SELECT number FROM numbers(20000000)"
    script = f'{" ".join(COMMAND)} query "{sql}" | head -n 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines(), done.stderr) == (['{"number":0}', "141"], "")
    full = subprocess.run(
        ["sh", "-c", f'{" ".join(COMMAND)} query "SELECT 1" > /dev/full'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 6
    assert full.stderr == "Error: No space left on device\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_is_flat(emulator: RunningEmulator) -> None:
    """A million rows take as little as ten thousand, into a pipe and into nowhere."""
    del emulator
    program = (
        "import resource, sys\nfrom bytehouse_cli._main import run\n"
        "code = run(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)\n"
    )

    def megabytes(rows: int, form: str) -> int:
        sql = f"SELECT number, toString(number) AS text FROM numbers({rows})"
        done = subprocess.run(
            [sys.executable, "-c", program, "query", sql, "--format", form],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        return int(done.stderr.split()[-1])

    for form in ("ndjson", "csv", "table", "arrow"):
        assert megabytes(MANY, form) < megabytes(MANY // 100, form) + 25
