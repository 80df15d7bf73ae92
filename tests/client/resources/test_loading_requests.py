"""What each operation of data loading and virtual warehouses sends and returns."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs

from bytehouse import ByteHouse, S3Connection
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from tests.support.cases import cases
from tests.support.operations import sent
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import request_line

DONE = Reply(body={"message": "Success", "error": {"code": "", "message": ""}})
UUID = "b36fa16e-a0ce-4274-a744-621357180928"
WAREHOUSE = {"id": "vw-1", "name": "etl", "configID": 7, "status": "up", "cores": 8}


@attrs.frozen
class Case:
    """One call: what it sends, the response, and the part of the result that is compared."""

    call: Callable[[ByteHouse], Any]
    sends: str
    body: Any = None
    reply: Reply = DONE
    returns: Any = None
    of: Callable[[Any], Any] = lambda result: result


CASES = {
    "create_connection": Case(
        lambda bh: bh.connections.create("sales", {"endpoint": "e", "accessKey": "k"}, type="tos"),
        request_line("create_connection"),
        {"name": "sales", "type": "TOS", "data": {"endpoint": "e", "accessKey": "k"}},
        data({"id": 2**60 + 1, "name": "sales", "type": "TOS", "shard": 3}),
        (2**60 + 1, "TOS", 3),
        lambda made: (made.id, made.type, made["shard"]),
    ),
    "list_connections": Case(
        lambda bh: [each.id for each in bh.connections.list(page_size=9)],
        request_line("list_connections", "limit=9"),
        reply=data([{"id": 1}, {"id": 2}]),
        returns=[1, 2],
    ),
    "update_connection": Case(
        lambda bh: bh.connections.update(5, "sales", S3Connection(region="r", extra={"x": [1]})),
        request_line("update_connection", id="5"),
        {"name": "sales", "data": {"region": "r", "x": [1]}},
    ),
    "delete_connection": Case(
        lambda bh: bh.connections.delete(5), request_line("delete_connection", id="5")
    ),
    "get_connection": Case(
        lambda bh: bh.connections.get(5),
        request_line("get_connection", id="5"),
        reply=data({"id": 5, "type": "ICEBERG", "data": {"secretAccessKey": "******"}}),
        returns=("ICEBERG", "******"),
        of=lambda found: (found.type, found.data["secretAccessKey"]),
    ),
    "create_import_job": Case(
        lambda bh: bh.import_jobs.create(
            "towers",
            configuration={"source": {"type": "S3"}},
            connection_id=0,
            description="d",
            schema_file=b"\x00\xff",
            state="DRAFT",
        ),
        request_line("create_import_job"),
        {
            "name": "towers",
            "description": "d",
            "connectionID": 0,
            "configuration": {"source": {"type": "S3"}},
            "sourceSchema": {},
            "schemaFile": "AP8=",
            "state": "DRAFT",
        },
        data({"id": 8, "name": "towers", "shard": 3}),
        (8, 3),
        lambda made: (made.id, made["shard"]),
    ),
    "list_import_jobs": Case(
        lambda bh: bh.import_jobs.list(limit=1).all(),
        request_line("list_import_jobs", "limit=1"),
        reply=data([{"id": 1}, {"id": 2}]),
        returns=[1],
        of=lambda jobs: [job.id for job in jobs],
    ),
    "get_import_job": Case(
        lambda bh: bh.import_jobs.get(8).state,
        request_line("get_import_job", id="8"),
        reply=data({"id": 8, "state": "DRAFT"}),
        returns="DRAFT",
    ),
    "update_import_job": Case(
        lambda bh: bh.import_jobs.update(
            8, "towers", configuration={"a": 1}, source_schema={"columns": []}
        ),
        request_line("update_import_job", id="8"),
        {
            "name": "towers",
            "configuration": {"a": 1},
            "sourceSchema": {"columns": []},
            "state": "PUBLISHED",
        },
    ),
    "delete_import_job": Case(
        lambda bh: bh.import_jobs.delete(8), request_line("delete_import_job", id="8")
    ),
    "rename_import_job": Case(
        lambda bh: bh.import_jobs.rename(8, "masts"),
        request_line("rename_import_job", id="8"),
        {"name": "masts"},
    ),
    "describe_import_job": Case(
        lambda bh: bh.import_jobs.describe(8, ""),
        request_line("describe_import_job", id="8"),
        {"description": ""},
    ),
    "get_import_job_start_arguments": Case(
        lambda bh: bh.import_jobs.start_arguments(8)["source.properties.fileNames"],
        request_line("get_import_job_start_arguments", id="8"),
        reply=data({"source.properties.fileNames": "a.csv"}),
        returns="a.csv",
    ),
    "start_import_job": Case(
        lambda bh: bh.import_jobs.start(8, file_names=["a.csv", "b.csv"], arguments={"x": True}),
        request_line("start_import_job", id="8"),
        {"source.properties.fileNames": "a.csv,b.csv", "x": True},
        data({"id": UUID}),
        (UUID, 8),
        lambda handle: (handle.id, handle.job_id),
    ),
    "stop_import_job": Case(
        lambda bh: bh.import_jobs.stop(8), request_line("stop_import_job", id="8")
    ),
    "list_import_job_executions": Case(
        lambda bh: [each.status for each in bh.import_jobs.executions(8)],
        request_line("list_import_job_executions", "limit=100", id="8"),
        reply=data([{"id": UUID, "status": "RUNNING"}]),
        returns=["RUNNING"],
    ),
    "list_executions": Case(
        lambda bh: bh.executions.list().first().id,  # type: ignore[union-attr]
        request_line("list_executions", "limit=1"),
        reply=data([{"id": UUID}]),
        returns=UUID,
    ),
    "get_execution": Case(
        lambda bh: bh.executions.get(UUID),
        request_line("get_execution", id=UUID),
        reply=data({"id": UUID, "jobID": 8, "rows": 12}),
        returns=(8, 12),
        of=lambda found: (found.job_id, found["rows"]),
    ),
    "get_execution_logs": Case(
        lambda bh: [line.message for line in bh.executions.logs(UUID, limit=20)],
        request_line("get_execution_logs", "limit=20", id=UUID),
        reply=Reply(body={"error": {}, "data": [{"message": "loaded"}]}),
        returns=["loaded"],
    ),
    "get_kafka_history": Case(
        lambda bh: bh.executions.kafka_history(
            UUID, partition=0, period="1h30m", granularity=timedelta(minutes=2)
        ),
        request_line("get_kafka_history", "partition=0&period=1h30m&granularity=120s", id=UUID),
        reply=data([{"lag": 9, "consumers": 2}]),
        returns=[(9, 2)],
        of=lambda found: [(found[0].lag, found.responses[0].data[0]["consumers"])],
    ),
    "list_warehouses": Case(
        lambda bh: [each.id for each in bh.warehouses.list()],
        request_line("list_warehouses", "limit=100&offset=0"),
        reply=data([WAREHOUSE], meta={"offset": 0, "total": 1}),
        returns=["vw-1"],
    ),
    "create_warehouse": Case(
        lambda bh: bh.warehouses.create(
            "etl",
            config_id=7,
            status="down",
            auto_suspend=timedelta(minutes=5),
            auto_resume=False,
            description="",
        ),
        request_line("create_warehouse"),
        {
            "name": "etl",
            "configID": 7,
            "status": "down",
            "autoSuspend": 5,
            "autoResume": False,
            "description": "",
        },
        Reply(body={"name": "etl", "vwID": "vw-1", "message": "Success", "error": {}}),
        "vw-1",
        lambda made: made.vw_id,
    ),
    "get_warehouse": Case(
        lambda bh: bh.warehouses.get("etl"),
        request_line("get_warehouse", name="etl"),
        reply=Reply(body={**WAREHOUSE, "message": "Success", "error": {}}),
        returns=({**WAREHOUSE}, 200),
        of=lambda found: (found.to_dict(), found.raw_response.status),
    ),
    "update_warehouse": Case(
        lambda bh: bh.warehouses.update("etl", auto_suspend=timedelta(0), description=None),
        request_line("update_warehouse", name="etl"),
        {"autoSuspend": 0, "description": None},
    ),
    "delete_warehouse": Case(
        lambda bh: bh.warehouses.delete("a/b"), request_line("delete_warehouse", name="a/b")
    ),
    "list_warehouse_configurations": Case(
        lambda bh: [each.size for each in bh.warehouses.configurations(page_size=10)],
        request_line("list_warehouse_configurations", "limit=10&offset=0"),
        reply=data([{"id": 7, "size": "XS"}], meta={"offset": 0, "total": 1}),
        returns=["XS"],
    ),
}


def test_every_operation_of_these_groups_has_a_case() -> None:
    """Nothing of data loading and virtual warehouses is left out."""
    groups = ("Data Loading", "Virtual Warehouse")
    assert set(CASES) == {n for n in sent() if OPERATIONS[n].tag in groups}


@cases("case", CASES.values())
def test_a_call_sends_the_request_and_returns_the_response(
    bh: ByteHouse, server: ScriptedServer, case: Case
) -> None:
    """Method, path, query and body are those of the API, and unknown fields are kept."""
    server.script(case.reply)
    assert case.of(case.call(bh)) == case.returns
    (seen,) = server.seen
    assert seen.line == case.sends
    assert (seen.json if seen.body else None) == case.body
    assert seen.header(ROLE_HEADER) is None


WITH_OPTIONS: dict[str, Callable[[ByteHouse, Any], Any]] = {
    "connection": lambda bh, options: bh.connections.get(1, **options),
    "connections": lambda bh, options: bh.connections.list(**options).all(),
    "job": lambda bh, options: bh.import_jobs.stop(1, **options),
    "start": lambda bh, options: bh.import_jobs.start(1, **options),
    "execution": lambda bh, options: bh.executions.logs("e", **options).all(),
    "warehouse": lambda bh, options: bh.warehouses.get("w", **options),
    "resume": lambda bh, options: bh.warehouses.resume("w", wait=True, **options),
    "ensure": lambda bh, options: bh.warehouses.ensure("w", config_id=1, **options),
}


@cases("call", WITH_OPTIONS.values())
def test_the_options_of_a_call_apply_to_all_its_requests(
    bh: ByteHouse, server: ScriptedServer, call: Callable[[ByteHouse, Any], Any]
) -> None:
    """A role given for a call is sent with every request that it makes."""
    reply = {"id": "e", "status": "up", "configID": 1, "data": {"id": "1"}}
    lists = {"list_connections", "get_execution_logs"}
    server.handler = lambda seen: Reply(
        body={**reply, "data": []} if seen.operation in lists else reply
    )
    call(bh, {"role": "Loader"})
    assert {seen.header(ROLE_HEADER) for seen in server.seen} == {"Loader"}
