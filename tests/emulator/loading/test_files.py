"""Executions really load files, row by row where some are bad."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.loading.loader import Loader

# A file as text, as the columns of a Parquet file, or None for no file.
Content = bytes | dict[str, list[Any]]


def _encode(content: Content) -> bytes:
    if isinstance(content, bytes):
        return content
    # Imported here, as every process that collects the tests would import it.
    import pyarrow as pa
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(pa.table(content), sink, row_group_size=3)
    return sink.getvalue()


def test_three_files_and_a_bad_one(api: Loader) -> None:
    """Good rows are loaded, bad ones are counted, and the log says which and why."""
    table = api.table("id Int32, name String, at Nullable(DateTime('UTC'))")
    api.file("1.csv", 'id,name\n1,one\n2,"two\nlines"\n')
    api.file("2.csv", "name,id,at\nthree,3,2024-01-31 12:00:00\n")
    api.file("3.csv", "\ufeffid,name\r\n4,four\r\n\r\n5,five")
    api.file("4.csv", "id,name\n6,six\nseven,7\n8\n9,nine,9\n10,ten\n")
    execution = api.run(api.local(f"{api.database}/*.csv"))
    assert execution["status"] == "FINISHED"
    assert execution["endTime"] > execution["startTime"]
    statistics = execution["statistics"]
    assert (statistics["filesTotal"], statistics["filesLoaded"]) == (4, 4)
    counts = [statistics[key] for key in ("rowsRead", "rowsLoaded", "rowsFailed")]
    assert counts == [10, 7, 3]
    assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[n] for n in (1, 2, 3, 4, 5, 6, 10)]
    assert api.rows(f"SELECT name, at FROM {table} WHERE id IN (2, 3)") == [
        ["two\nlines", None],
        ["three", "2024-01-31 12:00:00"],
    ]
    bad = [line for line in api.log(execution["id"]) if line["level"] == "ERROR"]
    assert [(line["row"], line["data"]) for line in bad] == [
        (2, "seven,7"),
        (3, "8"),
        (4, "9,nine,9"),
    ]
    assert all(line["file"].endswith("4.csv") for line in bad)
    assert "Cannot parse" in bad[0]["message"]


def test_a_log_is_cut_to_its_last_lines(api: Loader) -> None:
    """`limit` selects the newest lines, in the order they were written."""
    api.table("id Int32")
    execution = api.run(api.local(api.file("a.csv", "id\n1\nx\n")))["id"]
    whole = api.log(execution)
    assert api.log(execution, limit=2) == whole[-2:]
    assert api.log(execution, limit=0) == []
    assert [line["timestamp"] for line in whole] == sorted(line["timestamp"] for line in whole)
    assert api.fails("get_execution_logs", id=execution, params={"limit": -1}) == (
        400,
        "Parameter_Invalid",
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("JSON", b'{"id": 1, "name": "a"}\n{"name": "b", "id": 2}\n\n{"id": "x"}\n{"id": 3}'),
        ("JSON", b'[{"id": 1, "name": "a"},\n {"id": 2, "name": "b"}, {"id": "x"}, {"id": 3}]'),
        ("PARQUET", {"id": ["1", "2", "x", "3"], "name": ["a", "b", "c", ""]}),
        ("CSV", b"id;name\n1;a\n2;b\nx;c\n3;\n"),
    ],
)
def test_each_format_is_read(api: Loader, kind: str, content: Content) -> None:
    """Rows are the same from each, and the row that is bad in each is found."""
    table = api.table("id Int32, name String")
    more = {"delimiter": ";"} if kind == "CSV" else {}
    execution = api.run(api.local(api.file("a.dat", _encode(content)), kind, **more))
    assert execution["statistics"]["rowsFailed"] == 1
    rows = api.rows(f"SELECT id, name FROM {table} ORDER BY id")
    assert rows == [[1, "a"], [2, "b"], [3, ""]]
    [bad] = [line for line in api.log(execution["id"]) if line["level"] == "ERROR"]
    assert bad["row"] == 3


def test_bad_rows_are_found_among_many(api: Loader) -> None:
    """Wherever they are in a file of several blocks, the rows around them are loaded."""
    table = api.table("id Int32, name String")
    bad = {1, 8192, 8193, 20_000, 30_000}
    lines = (f"{'x' if n in bad else n},row {n}\n" for n in range(1, 30_001))
    execution = api.run(api.local(api.file("a.csv", "id,name\n" + "".join(lines))))
    [[total]] = api.rows(f"SELECT sum(id) FROM {table}")
    assert (api.count(table), int(total)) == (29_995, 30_001 * 15_000 - sum(bad))
    found = {line["row"] for line in api.log(execution["id"]) if line["level"] == "ERROR"}
    assert found == bad


def test_too_many_bad_rows_fail_the_execution(api: Loader) -> None:
    """Over `maxErrors` it fails, and the table is as it was."""
    table = api.table("id Int32")
    name = api.file("a.csv", "id\n1\nx\ny\n2\n")
    assert api.run(api.local(name, maxErrors=2))["status"] == "FINISHED"
    execution = api.run(api.local(name, maxErrors=1))
    assert execution["status"] == "FAILED"
    assert "maxErrors" in execution["message"]
    assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[1], [2]]


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("CSV", b"id,colour\n1,red\n", "colour"),
        ("CSV", b"id,id\n1,2\n", "same name"),
        ("CSV", b"id\nx\ny\n", "Not one row"),
        ("PARQUET", b"no parquet", "cannot be read"),
        ("PARQUET", {"id": [1], "colour": ["red"]}, "colour"),
        ("JSON", b'[{"id": 1},', "cannot be read"),
        ("CSV", None, "No file"),
    ],
)
def test_a_file_that_is_no_use_fails_the_execution(
    api: Loader, kind: str, content: Content | None, says: str
) -> None:
    """It says what is wrong, in the execution and in its log, and loads nothing at all."""
    table = api.table("id Int32")
    good = api.file("good", b"id\n7\n" if kind == "CSV" else b'{"id": 7}\n')
    bad = f"{api.database}/none" if content is None else api.file("bad", _encode(content))
    names = bad if kind == "PARQUET" or says == "Not one row" else f"{good},{bad}"
    execution = api.run(api.local(names, kind))
    assert execution["status"] == "FAILED"
    assert says in execution["message"]
    assert says in api.log(execution["id"])[-1]["message"]
    assert api.count(table) == 0
    assert api.rows(f"SHOW TABLES FROM {api.database}") == [["t"]]


def test_a_compressed_file_is_read(api: Loader) -> None:
    """A name that ends with .gz is enough."""
    table = api.table("id Int32")
    api.run(api.local(api.file("a.csv.gz", gzip.compress(b"id\n1\n2\n"))))
    assert api.count(table) == 2


def test_a_file_without_a_header_takes_its_columns_from_the_schema(api: Loader) -> None:
    """Or else from the table."""
    table = api.table("id Int32, name String DEFAULT 'none'")
    name = api.file("a.csv", "a,1\n")
    properties = {"fileNames": name, "header": False}
    source = {"type": "LOCAL", "format": "CSV", "properties": properties}
    schema = {"columns": [{"name": "name"}, {"name": "id"}]}
    api.run(api.job(source, sourceSchema=schema))
    api.file("a.csv", "2,b\n")
    api.run(api.job(source))
    assert api.rows(f"SELECT id, name FROM {table} ORDER BY id") == [[1, "a"], [2, "b"]]


def test_files_outside_the_directory_are_out_of_reach(api: Loader, tmp_path: Path) -> None:
    """A link that leads out of it is no file of it."""
    api.table("id Int32")
    (tmp_path / "secret.csv").write_text("id\n1\n")
    (api.directory / "link.csv").symlink_to(tmp_path / "secret.csv")
    (api.directory / "folder").symlink_to(tmp_path)
    os.mkfifo(api.directory / "pipe.csv")
    for name in ("link.csv", "folder/secret.csv", "pipe.csv", "*.csv"):
        execution = api.run(api.local(f"{api.database}/{name}"))
        assert (execution["status"], execution["statistics"]["rowsRead"]) == ("FAILED", 0)


def test_full_loading_replaces_the_table(api: Loader) -> None:
    """Nothing is left of what was there, in whichever partition."""
    table = api.table("id Int32, day Date", "PARTITION BY day ORDER BY id")
    api.rows(f"INSERT INTO {table} VALUES (1, '2024-01-01'), (2, '2024-01-02'); SELECT 1")
    name = api.file("a.csv", "id,day\n3,2024-01-02\n4,2024-01-03\n")
    for _ in range(2):
        api.run(api.local(name, mode="FULL"))
        assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[3], [4]]


def test_incremental_loading_replaces_partitions(api: Loader) -> None:
    """Those that the files hold; without partitions, rows are added."""
    table = api.table("id Int32, day Date", "PARTITION BY day ORDER BY id")
    api.rows(f"INSERT INTO {table} VALUES (1, '2024-01-01'), (2, '2024-01-02'); SELECT 1")
    name = api.file("a.csv", "id,day\n3,2024-01-02\n4,2024-01-03\n")
    api.run(api.local(name, mode="INCREMENTAL"))
    assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[1], [3], [4]]
    plain = api.table("id Int32", name="plain")
    source = {"type": "LOCAL", "format": "CSV", "properties": {"fileNames": name}}
    api.file("a.csv", "id\n5\n")
    job = api.job(source, table="plain")
    api.run(job)
    api.run(job)
    assert api.rows(f"SELECT id FROM {plain}") == [[5], [5]]


def test_a_unique_key_holds_over_loads(api: Loader) -> None:
    """A row that comes again replaces the one before."""
    table = api.table("id Int32, name String", "ORDER BY id UNIQUE KEY id")
    job = api.local(api.file("a.csv", "id,name\n1,old\n2,two\n"))
    api.run(job)
    api.file("a.csv", "id,name\n1,new\n")
    api.run(job)
    assert api.rows(f"SELECT * FROM {table} ORDER BY id") == [[1, "new"], [2, "two"]]
    shown = api.ok("get_table", db_name=api.database, table_name="t")["data"]
    assert shown["noOfRows"] == 2


def test_a_materialized_view_sees_loaded_rows(api: Loader) -> None:
    """Rows that are added reach it as those of an INSERT do."""
    table = api.table("id Int32")
    view = f"{api.database}.v"
    api.rows(
        f"CREATE MATERIALIZED VIEW {view} ENGINE = CnchMergeTree ORDER BY id"
        f" AS SELECT id FROM {table}; SELECT 1"
    )
    api.run(api.local(api.file("a.csv", "id\n1\n2\n")))
    assert api.count(view) == 2


def test_a_job_runs_once_at_a_time_and_can_be_stopped(api: Loader) -> None:
    """While it runs it is neither started again nor deleted; stopped, it has changed nothing."""
    table = api.table("id Int32, name String")
    lines = "".join(f"{n},{'x' * 100}\n" for n in range(60_000))
    job = api.local(api.file("a.csv", "id,name\n" + lines))
    execution = api.start(job)
    assert api.fails("start_import_job", {}, id=job) == (422, "ImportJob_IllegalState")
    assert api.fails("delete_import_job", id=job) == (422, "ImportJob_IllegalState")
    assert api.ok("get_import_job", id=job)["data"]["status"] == "RUNNING"
    api.stop(job)
    assert api.execution(execution)["status"] == "STOPPED"
    assert api.count(table) == 0
    assert api.rows(f"SHOW TABLES FROM {api.database}") == [["t"]]
    assert api.run(job)["statistics"]["rowsLoaded"] == 60_000
    api.stop(job)


def test_statements_cannot_reach_what_jobs_can(api: Loader) -> None:
    """The way in for files is the emulator's own: `file()` and `s3()` stay shut."""
    name = api.file("a.csv", "id\n1\n")
    for source in (f"file('{name}')", "s3('http://127.0.0.1:1/bucket/a.csv', 'CSV', 'id Int32')"):
        assert api.refused(f"SELECT * FROM {source}")[0] == 403


def test_a_transition_holds_an_execution_back(api: Loader) -> None:
    """With manual transitions it is pending, without effect, until a test says so."""
    table = api.table("id Int32")
    api.ok("PUT /_emulator/transitions", {"mode": "manual"})
    try:
        execution = api.start(api.local(api.file("a.csv", "id\n1\n")))
        assert api.execution(execution)["status"] == "PENDING"
        assert api.count(table) == 0
        api.ok("POST /_emulator/transitions/step", {"kind": "execution", "key": execution})
        api.wait(execution, "FINISHED")
    finally:
        api.ok("PUT /_emulator/transitions", {"mode": "immediate"})
    assert api.count(table) == 1
