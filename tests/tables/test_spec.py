"""Tables described in Python: each way gives the same request; what makes no sense is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from bytehouse import (
    TTL,
    ByteHouse,
    ClusterKey,
    Column,
    InvalidArgument,
    PartitionKey,
    TableSpec,
    UniqueKey,
)
from tests.support.cases import cases
from tests.support.reprs import evaluated
from tests.support.server import ScriptedServer

GOOD: dict[str, Any] = {"columns": {"a": "UInt64"}, "order_by": "a"}


@pytest.mark.parametrize(
    "columns",
    [
        {"a": "UInt64", "b": "String"},
        [("a", "UInt64"), ("b", "String")],
        (("a", "UInt64"), Column("b", "String")),
        [{"name": "a", "type": "UInt64"}, {"name": "b", "type": "String"}],
        {"a": "UInt64", "b": "String"}.items(),
    ],
    ids=["mapping", "pairs", "columns", "objects", "items"],
)
def test_columns_can_be_given_in_several_ways(
    bh: ByteHouse, server: ScriptedServer, columns: Any
) -> None:
    """A mapping, pairs, Column objects and objects by wire name mean the same."""
    bh.tables.create("d", "t", columns, order_by=["a"])
    assert server.seen[0].json == {
        "name": "t",
        "columns": [{"name": "a", "type": "UInt64"}, {"name": "b", "type": "String"}],
        "orderByKeys": ["a"],
    }


def test_everything_about_a_table_arrives(bh: ByteHouse, server: ScriptedServer) -> None:
    """Keys, time to live and further fields go out under their names on the wire."""
    bh.tables.create(
        "d",
        "t",
        [
            Column(
                "a",
                "UInt64",
                nullable=False,
                default="0",
                comment="id",
                additional_properties={"codec": "LZ4"},
            )
        ],
        order_by=("a",),
        primary_key="a",
        partition_by=["a", PartitionKey("d", "day"), {"expression": "toYear(d)"}],
        unique_key=UniqueKey("a"),
        cluster_key=ClusterKey("a", 4),
        sample_by="a",
        ttl=TTL("d", 7),
        description="all of it",
    )
    body = server.seen[0].json
    assert body["columns"] == [
        {"name": "a", "type": "UInt64", "nullable": False, "defaultValue": "0", "comment": "id",
         "codec": "LZ4"}
    ]  # fmt: skip
    assert body["primaryKeys"] == ["a"]
    assert body["partitionKeys"] == [
        {"column": "a", "granularity": None}, {"column": "d", "granularity": "day"},
        {"expression": "toYear(d)"},
    ]  # fmt: skip
    assert body["uniqueKey"] == {"columns": ["a"]}
    assert body["ttl"] == {"column": "d", "value": 7, "unit": "DAY"}
    assert (body["samplingKey"], body["description"]) == ("a", "all of it")


@cases(
    ("given", "meant"),
    [
        ({"unique_key": "a"}, {"unique_key": UniqueKey(["a"])}),
        ({"unique_key": ["a", "b"]}, {"unique_key": UniqueKey(["a", "b"])}),
        ({"unique_key": UniqueKey("a")}, {"unique_key": UniqueKey(["a"])}),
        ({"unique_key": {"columns": "a"}}, {"unique_key": UniqueKey(["a"])}),
        ({"cluster_key": ("a", 4)}, {"cluster_key": ClusterKey("a", 4)}),
        ({"cluster_key": "a into 4 buckets"}, {"cluster_key": ClusterKey("a", 4)}),
        ({"cluster_key": (["a", "b"], 4)}, {"cluster_key": ClusterKey("a, b", 4)}),
        ({"cluster_key": {"expr": "a", "buckets": 4}}, {"cluster_key": ClusterKey("a", 4)}),
        ({"ttl": "d + INTERVAL 7 DAY"}, {"ttl": TTL("d", 7, "DAY")}),
        ({"ttl": "toDate(d) + toIntervalWeek(2)"}, {"ttl": TTL("d", 2, "WEEK")}),
        ({"ttl": "d + f(7)"}, {"ttl": TTL(expression="d + f(7)")}),
        ({"ttl": ("d", "36h")}, {"ttl": TTL("d", 36, "HOUR")}),
        ({"ttl": TTL("d", 7)}, {"ttl": TTL("d", 7, "DAY")}),
        ({"partition_by": "a"}, {"partition_by": [PartitionKey("a", None)]}),
        ({"columns": [{"name": "a", "type": "Int8", "default": "0"}]},
         {"columns": [Column("a", "Int8", default="0")]}),
    ],
)  # fmt: skip
def test_a_plain_string_pair_or_mapping_is_enough(given: Any, meant: Any) -> None:
    """It means the same as the object, which the spec has and whose repr makes it again."""
    table = TableSpec("t", **(GOOD | given))
    assert table == TableSpec("t", **(GOOD | meant))
    assert evaluated(table) == table


@cases(
    ("changes", "words"),
    [
        ({"columns": []}, "columns is empty"),
        ({"columns": {}}, "columns is empty"),
        ({"columns": "a UInt64"}, "columns must be"),
        ({"columns": None}, "columns"),
        ({"columns": 5}, "columns"),
        ({"columns": [("a",)]}, "not a .name, type. pair"),
        ({"columns": [("a", "b", "c")]}, "not a .name, type. pair"),
        ({"columns": [("a", "")]}, "lacks a name or a type"),
        ({"columns": [("", "UInt64")]}, "lacks a name or a type"),
        ({"columns": [("a", None)]}, "lacks a name or a type"),
        ({"columns": {"a": None}}, "lacks a name or a type"),
        ({"columns": [{"name": "a"}]}, "lacks the type of a Column"),
        ({"columns": [{"name": "a", "type": "Int8", "nulable": 1}]}, "a Column has no nulable"),
        ({"partition_by": {"column": "a", "func": "month"}}, "a PartitionKey has no func"),
        ({"columns": [{"type": "UInt64"}]}, "lacks the name of a Column"),
        ({"columns": [None]}, "lacks a name or a type"),
        ({"columns": ["a"]}, "neither a Column"),
        ({"columns": [5]}, "neither a Column"),
        ({"columns": [("a", "Int8"), ("a", "Int16")]}, "names twice: a"),
        ({"order_by": []}, "order_by"),
        ({"order_by": ""}, "order_by"),
        ({"order_by": ["a", ""]}, "order_by"),
        ({"order_by": [None]}, "order_by"),
        ({"order_by": None}, "order_by"),
        ({"order_by": 5}, "order_by"),
        ({"primary_key": []}, "primary_key"),
        ({"primary_key": 5}, "primary_key"),
        ({"partition_by": [5]}, "neither a PartitionKey"),
        ({"partition_by": 5}, "partition_by|PartitionKey"),
        ({"partition_by": [""]}, "partition_by|PartitionKey"),
        ({"unique_key": ""}, "unique_key must be"),
        ({"cluster_key": ["a"]}, "lacks the number of its buckets"),
        ({"cluster_key": "a"}, "lacks the number of its buckets"),
        ({"ttl": "7 days"}, "ttl must be a TTL"),
        ({"name": ""}, "name must be a name"),
        ({"name": ".."}, "name must be a name"),
        ({"name": None}, "name must be a name"),
        ({"name": 5}, "name must be a name"),
        ({"database": ""}, "db_name is empty"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, changes: dict[str, Any], words: str
) -> None:
    """The error names what is wrong, and the server sees nothing."""
    table: dict[str, Any] = {"database": "d", "name": "t", **GOOD, **changes}
    with pytest.raises(InvalidArgument, match=words):
        bh.tables.create(table.pop("database"), table.pop("name"), **table)
    assert server.seen == []


@cases(
    ("changes", "body"),
    [
        ({"add": {"c": "Int8"}}, {"addColumns": [{"name": "c", "type": "Int8"}]}),
        ({"modify": [("a", "Int64")]}, {"modifyColumns": [{"name": "a", "type": "Int64"}]}),
        ({"drop": "b"}, {"dropColumns": ["b"]}),
        ({"drop": ["b", "c"]}, {"dropColumns": ["b", "c"]}),
        ({"remove_ttl": True}, {"isRemoveTTL": True}),
        ({"ttl": TTL("d", 3)}, {"ttl": {"column": "d", "value": 3, "unit": "DAY"}}),
    ],
)
def test_a_change_of_a_table_holds_nothing_else(
    bh: ByteHouse, server: ScriptedServer, changes: dict[str, Any], body: dict[str, Any]
) -> None:
    """What is not to change is not in the request."""
    bh.tables.update("d", "t", **changes)
    assert {key.lower(): value for key, value in server.seen[0].json.items()} == {
        key.lower(): value for key, value in body.items()
    }


REFUSED: dict[str, Callable[[ByteHouse], object]] = {
    "no change": lambda bh: bh.tables.update("d", "t"),
    "no added column": lambda bh: bh.tables.update("d", "t", add=[]),
    "no dropped column": lambda bh: bh.tables.update("d", "t", drop=[]),
    "empty rename": lambda bh: bh.tables.update("d", "t", rename={}),
    "both kinds of ttl": lambda bh: bh.tables.update("d", "t", ttl=TTL("d", 1), remove_ttl=True),
    "no partitions": lambda bh: bh.partitions.delete("d", "t", []),
    "an empty partition": lambda bh: bh.partitions.delete("d", "t", [""]),
    "an empty statement": lambda bh: bh.queries.execute(""),
    "a blank statement": lambda bh: bh.queries.submit(" \n"),
    "no statement": lambda bh: bh.queries.lineage(None),  # type: ignore[arg-type]
    "no query id": lambda bh: bh.queries.status(""),
    "a query id of dots": lambda bh: bh.queries.kill(".."),
    "a handle to nothing": lambda bh: bh.queries.handle(),
    "a handle to an empty id": lambda bh: bh.queries.handle(""),
}


@cases("call", REFUSED.values())
def test_a_call_that_could_not_work_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, call: Callable[[ByteHouse], object]
) -> None:
    """InvalidArgument is a ValueError too, and the server sees nothing."""
    with pytest.raises(InvalidArgument) as caught:
        call(bh)
    assert isinstance(caught.value, ValueError)
    assert server.seen == []
