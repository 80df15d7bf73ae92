"""Loading in one call, jobs that are refused before they are created, and what a run reports."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    ExecutionFailed,
    ImportConfiguration,
    InsertFailed,
    InvalidArgument,
    InvalidRequest,
    KafkaSource,
    LoadReport,
    LocalConnection,
    LocalSource,
    RefusedRowsWarning,
    S3Connection,
    S3Source,
    TimedOut,
)
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support.cases import cases
from tests.support.flavours import MakeClient
from tests.support.server import Reply, ScriptedServer, data

ROWS = "id,note\n1,a\n2,b\n"
SEED: dict[str, Any] = {
    "databases": [
        {
            "name": "d",
            "tables": [
                {
                    "name": "t",
                    "columns": [
                        {"name": "id", "type": "UInt8"},
                        {"name": "note", "type": "String", "nullable": True},
                    ],
                    "orderByKeys": ["id"],
                }
            ],
        }
    ],
    "warehouses": [{"name": "etl", "configID": 123451}],
    "connections": [{"name": "kept", "type": "S3", "data": {"endpoint": "http://127.0.0.1:1"}}],
}


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the files that the emulator has."""
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "a.csv").write_text(ROWS)
    (folder / "bad.csv").write_text(ROWS + "three,c\n")
    (folder / "large.csv").write_text("id\n" + "1\n" * 3_000_000)
    return folder


@pytest.fixture(scope="module")
def service(uploads: Path) -> Iterator[RunningEmulator]:
    """Run an emulator that has files to load."""
    with running_emulator(options=[f"--import-dir={uploads}"]) as running:
        running.seed(SEED)
        running.snapshot("filled")
        yield running


@pytest.fixture
def live(make: MakeClient, service: RunningEmulator) -> ByteHouse:
    """Return a client of it, as it was."""
    service.clear_faults()
    service.restore("filled")
    return make(**service.client_arguments, clock=None)


def left_behind(bh: ByteHouse) -> list[str | None]:
    """Return the names of the jobs and connections that there are beside the first."""
    names = [job.name for job in bh.import_jobs.list().all()]
    names += [connection.name for connection in bh.connections.list().all()]
    return [name for name in names if name != "kept"]


def test_files_are_loaded_in_one_call(live: ByteHouse) -> None:
    """The report has the counts, the job ran on the warehouse, and nothing is left behind."""
    seen: list[Any] = []
    report = live.load(
        LocalSource("a.csv"),
        into="d.t",
        connection=LocalConnection(),
        warehouse="etl",
        on_progress=seen.append,
    )
    assert (report.rows_read, report.rows_written, report.rows_refused) == (2, 2, 0)
    assert report.execution is not None
    assert report.execution.status == "FINISHED"
    assert seen
    assert live.query("SELECT count() FROM d.t").scalar() == 2
    assert left_behind(live) == []


def test_refused_rows_are_warned_of_and_named(live: ByteHouse) -> None:
    """With their log; without `skip` they fail the execution."""
    with pytest.warns(RefusedRowsWarning, match="1 rows"):
        report = live.load(LocalSource("bad.csv"), into="d.t", on_error="skip")
    assert (report.rows_read, report.rows_written, report.rows_refused) == (3, 2, 1)
    assert [line for line in report.log if line.level == "ERROR" and "three" in str(line["data"])]
    with pytest.raises(ExecutionFailed, match="maxErrors"):
        live.load(LocalSource("bad.csv"), into="d.t")
    assert live.query("SELECT count() FROM d.t").scalar() == 2
    assert left_behind(live) == []


# The probe of what was lost fails, so that its id stays unknown.
_UNPROBED = [
    {"operation": operation, "status": 400}
    for operation in ("list_connections", "list_import_jobs", "list_import_job_executions")
]
FAULTS: dict[str, dict[str, Any]] = {
    "connection refused": {"operation": "create_connection", "status": 400},
    "connection lost": {"operation": "create_connection", "drop": "after"},
    "connection unreadable": {"operation": "create_connection", "distort": "malformed"},
    "job refused": {"operation": "create_import_job", "status": 400},
    "job lost": {"operation": "create_import_job", "drop": "after"},
    "start refused": {"operation": "start_import_job", "status": 400},
    "start lost": {"operation": "start_import_job", "drop": "after"},
    "status refused": {"operation": "get_execution", "status": 403},
}


@cases(("fault",), [(fault,) for fault in FAULTS.values()])
def test_whatever_fails_leaves_nothing_behind(
    live: ByteHouse, service: RunningEmulator, fault: dict[str, Any]
) -> None:
    """Neither a connection nor a job, also where the response that names it was lost."""
    service.clear_faults()
    for each in (fault, *(_UNPROBED if "drop" in fault else ())):
        service.fault(**each)
    view = live.with_options(max_retries=0)
    with pytest.raises(ByteHouseError) as raised:
        view.load(LocalSource("a.csv"), into="d.t", connection=LocalConnection())
    assert not getattr(raised.value, "__notes__", [])
    service.clear_faults()
    assert left_behind(live) == []


def test_what_cannot_be_deleted_is_named(live: ByteHouse, service: RunningEmulator) -> None:
    """By a warning after a success, by a note on an error."""
    service.fault("delete_import_job", status=403, count=1)
    with pytest.warns(RuntimeWarning, match="import_jobs .* may still be there"):
        live.load(LocalSource("a.csv"), into="d.t")
    service.fault("delete_import_job", status=403, count=1)
    with pytest.raises(ExecutionFailed) as raised:
        live.load(LocalSource("bad.csv"), into="d.t")
    assert "import_jobs" in "".join(raised.value.__notes__)


def test_a_load_that_takes_too_long_is_stopped(live: ByteHouse) -> None:
    """And deleted."""
    with pytest.raises(TimedOut):
        live.load(LocalSource("large.csv"), into="d.t", wait_timeout=0.2)
    assert left_behind(live) == []
    assert live.query("SELECT count() FROM d.t").scalar() == 0


class Stop(BaseException):
    """What ends a program from outside."""


def test_an_interrupt_leaves_nothing_behind(make: MakeClient, service: RunningEmulator) -> None:
    """With the one connection that there is, it stops the execution and deletes what was made."""
    service.restore("filled")
    bh = make(**service.client_arguments, clock=None, max_connections=1)

    def interrupt(_: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        bh.load(
            LocalSource("large.csv"),
            into="d.t",
            connection=LocalConnection(),
            on_progress=interrupt,
        )
    assert left_behind(bh) == []
    assert bh.query("SELECT count() FROM d.t").scalar() == 0


def test_a_cancelled_task_leaves_nothing_behind(service: RunningEmulator) -> None:
    """The task ends as cancelled, after it has cleaned up."""
    service.restore("filled")

    async def main() -> None:
        async with AsyncByteHouse(**service.client_arguments) as bh:
            source = LocalSource("large.csv")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await bh.load(source, into="d.t", connection=LocalConnection())
            assert await bh.import_jobs.list().all() == []
            assert [each.name for each in await bh.connections.list().all()] == ["kept"]

    asyncio.run(main())


def test_a_file_of_this_machine_is_inserted(live: ByteHouse, uploads: Path) -> None:
    """As the API cannot upload it; the report is of the same kind."""
    path = uploads / "a.csv"
    assert live.load(path, into="d.t") == LoadReport(2, 2, 0)
    assert live.load(str(path), into="d.t", columns=["id"]).rows_written == 2
    with pytest.raises(InsertFailed):
        live.load(uploads / "bad.csv", into="d.t")
    with pytest.warns(RefusedRowsWarning):
        report = live.load(uploads / "bad.csv", into="d.t", on_error="skip")
    assert (report.rows_read, report.rows_written, report.rows_refused) == (3, 2, 1)
    assert "row 2" in str(report.log[0].message)


def test_a_url_becomes_a_job(bh: ByteHouse, server: ScriptedServer) -> None:
    """Its bucket, its files and their format, through the stored connection; that one stays."""
    warehouses = data([{"name": "etl", "id": "vw-1"}], meta={"total": 1})
    server.script(warehouses, data({}), data({"type": "S3"}), Reply(400), data([]))
    with pytest.raises(InvalidRequest):
        bh.load("s3://bucket/orders/2026-*.csv.gz", "d.t", connection=7, warehouse="etl")
    assert server.operations == [
        "list_warehouses",
        "get_table",
        "get_connection",
        "create_import_job",
        "list_import_jobs",
    ]
    body = server.seen[3].json
    assert (body["connectionID"], body["sourceSchema"], body["state"]) == (7, {}, "PUBLISHED")
    assert body["configuration"] == {
        "source": {
            "type": "S3",
            "format": "CSV",
            "properties": {
                "fileNames": "orders/2026-*.csv.gz",
                "bucket": "bucket",
                "header": True,
                "maxErrors": 0,
            },
        },
        "target": {"database": "d", "table": "t", "loadMode": "APPEND", "vwID": "vw-1"},
    }


BAD_LOADS: dict[str, Any] = {
    "no connection": ("s3://b/a.csv", {}),
    "unknown scheme": ("gs://b/a.csv", {"connection": 1}),
    "no file": ("s3://b", {"connection": 1}),
    "credentials in the URL": ("s3://k:s@b/a.csv", {"connection": 1}),
    "unknown format": ("s3://b/a.dat", {"connection": 1}),
    "format twice": (LocalSource("a.csv"), {"format": "CSV"}),
    "a stream": (KafkaSource("t"), {"connection": 1}),
    "no files": (LocalSource(), {}),
    "a local file replacing": ("a.csv", {"load_mode": "FULL"}),
    "a local file through a connection": ("a.csv", {"connection": 1}),
    "no source": (3, {}),
    "no table": (LocalSource("a.csv"), {"into": "t"}),
    "no time": (LocalSource("a.csv"), {"wait_timeout": 0}),
    "unknown mode": (LocalSource("a.csv"), {"load_mode": "UPSERT"}),
    "unknown on_error": (LocalSource("a.csv"), {"on_error": "ignore"}),
}


@cases(("source", "more"), list(BAD_LOADS.values()))
def test_what_cannot_be_loaded_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, source: Any, more: dict[str, Any]
) -> None:
    """A wrong argument costs no request."""
    server.clear()
    with pytest.raises(InvalidArgument):
        bh.load(source, **{"into": "d.t", **more})
    assert server.seen == []


S3 = S3Source("a.csv")
BAD_JOBS: dict[str, Any] = {
    "no connection": (ImportConfiguration(S3, "d.t"), {}),
    "no table": (ImportConfiguration(S3, "d.missing"), {"connection_id": 0}),
    "Protobuf without a schema": (
        ImportConfiguration(KafkaSource("t", "PROTOBUF"), "d.t"),
        {"connection_id": 1},
    ),
    "a schema without Protobuf": (
        ImportConfiguration(KafkaSource("t"), "d.t"),
        {"connection_id": 1, "schema_file": b"x"},
    ),
    "no topic": (ImportConfiguration(KafkaSource(""), "d.t"), {"connection_id": 1}),
    "unknown format": (
        ImportConfiguration(S3Source("a", "ORC"), "d.t"),  # type: ignore[arg-type]
        {"connection_id": 1},
    ),
    "a schedule of words": (
        ImportConfiguration(LocalSource("a.csv"), "d.t", schedule="nightly"),
        {},
    ),
}


@cases(("configuration", "more"), list(BAD_JOBS.values()))
def test_a_job_that_could_never_start_is_not_created(
    bh: ByteHouse, server: ScriptedServer, configuration: Any, more: dict[str, Any]
) -> None:
    """It is refused at once, unless it is a draft."""
    server.clear()
    with pytest.raises(InvalidArgument):
        bh.import_jobs.create("j", configuration=configuration, **more)
    assert server.seen == []
    server.script(data({"id": 1}))
    bh.import_jobs.create("j", configuration=configuration, state="DRAFT", **more)
    assert server.operations == ["create_import_job"]


def test_a_job_whose_table_or_connection_does_not_fit_is_not_created(live: ByteHouse) -> None:
    """That takes a look at the service, and names what is wrong."""
    [kept] = live.connections.list().all()
    with pytest.raises(InvalidArgument, match=r"no table d\.missing"):
        live.import_jobs.create(
            "j", configuration=ImportConfiguration(LocalSource("a.csv"), "d.missing")
        )
    with pytest.raises(InvalidArgument, match=r"reads from KAFKA.*to S3"):
        live.import_jobs.create(
            "j",
            configuration=ImportConfiguration(KafkaSource("t"), "d.t"),
            connection_id=kept.id,
        )
    with pytest.raises(InvalidArgument, match="There are: etl, vw_default"):
        live.import_jobs.create(
            "j",
            configuration=ImportConfiguration(LocalSource("a.csv"), "d.t", warehouse="elt"),
        )
    assert left_behind(live) == []


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, (None, None, None)),
        ({"statistics": {"rowsRead": 3, "rowsLoaded": 2, "rowsFailed": 1}}, (3, 2, 1)),
        ({"read_rows": 3, "detail": {"read_rows": 9, "written_rows": 3}}, (3, 3, None)),
        ({"totalRows": "many", "errorRows": True}, (None, None, None)),
    ],
    ids=str,
)
def test_the_counts_are_found_under_any_likely_name(
    bh: ByteHouse, server: ScriptedServer, fields: dict[str, Any], counts: Any
) -> None:
    """The docs name none; what is not there is None, and no log is asked for without refusals."""
    server.script(data({"id": "e", "status": "SUCCESS", **fields}), data([{"message": "m"}]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RefusedRowsWarning)
        report = bh.executions.handle("e").wait()
    assert (report.rows_read, report.rows_written, report.rows_refused) == counts
    assert [line.message for line in report.log] == (["m"] if counts[2] else [])


def test_a_connection_of_a_load_is_masked_when_it_fails(live: ByteHouse) -> None:
    """No error shows the secret that it was made with."""
    connection = S3Connection(access_key_id="a", secret_access_key="hush-hush", bucket="b")
    with pytest.raises(ByteHouseError) as raised:
        live.load("s3://b/a.csv", into="d.t", connection=connection)
    assert "hush-hush" not in f"{raised.value} {raised.value.__dict__}"
    assert left_behind(live) == []
