"""Invalid arguments are refused before anything is sent."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouse, InvalidArgument, KafkaConnection, S3Connection
from tests.support.cases import cases
from tests.support.flavours import MakeClient
from tests.support.server import ScriptedServer

Call = Callable[[Any], object]

CONNECTIONS: dict[str, Call] = {
    "no name": lambda bh: bh.connections.create("", S3Connection()),
    "long name": lambda bh: bh.connections.create("n" * 129, S3Connection()),
    "no kind": lambda bh: bh.connections.create("n", {"region": "r"}),
    "unknown kind": lambda bh: bh.connections.create("n", {}, type="FTP"),
    "another kind": lambda bh: bh.connections.create("n", S3Connection(), type="KAFKA"),
    "no data": lambda bh: bh.connections.create("n", None, type="S3"),
    "data of pairs": lambda bh: bh.connections.update(1, "n", [("region", "r")]),
    "keys of numbers": lambda bh: bh.connections.update(1, "n", {1: "r"}),
    "field given twice": lambda bh: bh.connections.update(
        1, "n", S3Connection(region="r", extra={"region": "s"})
    ),
}
JOBS: dict[str, Call] = {
    "long name": lambda bh: bh.import_jobs.create("n" * 129, configuration={}),
    "long new name": lambda bh: bh.import_jobs.rename(1, "n" * 129),
    "unknown state": lambda bh: bh.import_jobs.create("n", configuration={}, state="LIVE"),
    "no configuration": lambda bh: bh.import_jobs.create("n", configuration=None),
    "configuration of text": lambda bh: bh.import_jobs.update(1, "n", configuration="{}"),
    "connection of text": lambda bh: bh.import_jobs.create(
        "n", configuration={}, connection_id="1"
    ),
    "schema that is a path": lambda bh: bh.import_jobs.create(
        "n", configuration={}, schema_file="schema.proto"
    ),
    "schema that is not there": lambda bh: bh.import_jobs.create(
        "n", configuration={}, schema_file=Path("/no/schema.proto")
    ),
    "empty schema": lambda bh: bh.import_jobs.create("n", configuration={}, schema_file=b""),
    "no file": lambda bh: bh.import_jobs.start(1, file_names=[]),
    "unnamed file": lambda bh: bh.import_jobs.start(1, file_names=["a", ""]),
    "comma in one of several": lambda bh: bh.import_jobs.start(1, file_names=["a,b", "c"]),
    "files given twice": lambda bh: bh.import_jobs.start(
        1, file_names="a", arguments={"source.properties.fileNames": "b"}
    ),
}
EXECUTIONS: dict[str, Call] = {
    "no id": lambda bh: bh.executions.get(""),
    "path for an id": lambda bh: bh.executions.handle(".."),
    "negative partition": lambda bh: bh.executions.kafka_history(
        "e", partition=-1, period="1h", granularity="1m"
    ),
    "period of a number": lambda bh: bh.executions.kafka_history(
        "e", partition=0, period=60, granularity="1m"
    ),
    "negative granularity": lambda bh: bh.executions.kafka_history(
        "e", partition=0, period="1h", granularity=timedelta(seconds=-1)
    ),
    "no time to wait": lambda bh: bh.executions.handle("e").wait(timeout=0),
}
WAREHOUSES: dict[str, Call] = {
    "no configuration": lambda bh: bh.warehouses.create("etl", config_id=0),
    "configuration of boolean": lambda bh: bh.warehouses.create("etl", config_id=True),
    "unknown status": lambda bh: bh.warehouses.create("etl", config_id=1, status="sideways"),
    "half a minute": lambda bh: bh.warehouses.create(
        "etl", config_id=1, auto_suspend=timedelta(seconds=90)
    ),
    "negative minutes": lambda bh: bh.warehouses.update("etl", auto_suspend=-1),
    "minutes of boolean": lambda bh: bh.warehouses.update("etl", auto_suspend=True),
    "nothing to change": lambda bh: bh.warehouses.update("etl"),
    "no name": lambda bh: bh.warehouses.get(""),
    "path for a name": lambda bh: bh.warehouses.delete(".."),
    "wait for more": lambda bh: bh.warehouses.wait("etl", until="sideways"),
    "bad name to ensure": lambda bh: bh.warehouses.ensure("ETL", config_id=1),
    "no time to resume": lambda bh: bh.warehouses.resume("etl", wait=True, wait_timeout=0),
}
STATEMENTS: dict[str, Call] = {
    "no statement": lambda bh: bh.query(None),
    "statement in bytes": lambda bh: bh.query(b"SELECT 1"),
    "id of a number": lambda bh: bh.query("SELECT 1", query_id=5),
    "time that is none": lambda bh: bh.history(since="yesterday"),
    "settings in a list": lambda bh: bh.with_options(settings=["max_threads"]),
    "no file": lambda bh: bh.insert("d.t", Path("no.csv")),
    "no function": lambda bh: bh.insert("d.t", [(1,)], on_block=5),
    "progress to nobody": lambda bh: bh.queries.handle("q").wait(on_progress=5),
}
LOADS: dict[str, Call] = {
    "no file": lambda bh: bh.load("no.csv", "d.t"),
    "no database": lambda bh: bh.load("s3://b/f.csv", "t", connection=1),
    "connection of text": lambda bh: bh.load("s3://b/f.csv", "d.t", connection="s3"),
    "no function": lambda bh: bh.load("s3://b/f.csv", "d.t", connection=1, on_progress=5),
    "brokers of a number": lambda _: KafkaConnection(brokers=5),  # type: ignore[arg-type]
    "secret of a number": lambda _: S3Connection(secret_access_key=5),  # type: ignore[arg-type]
}
TABLES: dict[str, Call] = {
    "no specification": lambda bh: bh.tables.ensure("d", "t"),
    "columns for one": lambda bh: bh.tables.plan("d", {"id": "UInt64"}),
    "sample of a number": lambda bh: bh.tables.create(
        "d", "t", {"id": "UInt64"}, order_by="id", sample_by=5
    ),
}
CALLS = {
    f"{group}: {what}": call
    for group, calls in (
        ("connections", CONNECTIONS),
        ("jobs", JOBS),
        ("executions", EXECUTIONS),
        ("warehouses", WAREHOUSES),
        ("statements", STATEMENTS),
        ("loads", LOADS),
        ("tables", TABLES),
    )
    for what, call in calls.items()
}


@cases("call", CALLS.values())
def test_an_invalid_argument_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, call: Call
) -> None:
    """Nothing reaches the service, and the error says what is wrong."""
    with pytest.raises(InvalidArgument):
        call(bh)
    assert not server.seen


def _is_name(text: str) -> bool:
    small = "abcdefghijklmnopqrstuvwxyz"
    return (
        0 < len(text) < 32
        and set(text) <= set(small + "0123456789_")
        and text[0] in small
        and text[-1] != "_"
    )


NAMES = st.text(alphabet="az09_A.-é\n", max_size=34) | st.from_regex(r"[a-z][a-z0-9_]{0,34}\n?")


@given(name=NAMES)
def test_exactly_the_documented_names_of_a_warehouse_are_accepted(name: str) -> None:
    """Every name that the rule allows is accepted, and no other."""
    from bytehouse._params.warehouses import new_warehouse

    if _is_name(name):
        assert new_warehouse(name, 1)["name"] == name
        return
    with pytest.raises(InvalidArgument):
        new_warehouse(name, 1)


def test_no_refusal_shows_a_secret(make: MakeClient, server: ScriptedServer) -> None:
    """An error about data that cannot be sent does not repeat it."""
    bh = make(server.url)
    for data in (
        {"password": "hush-hush", "x": object()},
        "hush-hush",
        [("password", "hush-hush")],
    ):
        with pytest.raises(InvalidArgument) as refused:
            bh.connections.create("n", data, type="KAFKA")  # type: ignore[arg-type]
        assert "hush" not in f"{refused.value!r} {refused.value} {vars(refused.value)}"
    with pytest.raises(InvalidArgument) as refused:
        bh.connections.create("n", KafkaConnection(password="hush-hush", extra={"password": "p"}))
    assert "hush" not in f"{refused.value!r} {refused.value} {vars(refused.value)}"
