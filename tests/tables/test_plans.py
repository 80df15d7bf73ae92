"""Plans against the emulator: they list changes, make exactly those, and are then empty."""

from __future__ import annotations

import dataclasses
from datetime import date

import attrs
import pytest
from hypothesis import HealthCheck, given, settings

from bytehouse import (
    TTL,
    ByteHouse,
    ClusterKey,
    Column,
    InvalidArgument,
    OutcomeUnknown,
    PartitionKey,
    ServerError,
    StalePlan,
    TableSpec,
    UniqueKey,
)
from bytehouse._types.parse import holds_every_value, parse_type
from bytehouse_emulator.testing import RunningEmulator
from bytehouse_raw import models
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.reprs import evaluated
from tests.support.server import CLOSED, Reply, ScriptedServer, data
from tests.tables.strategies import pairs

WIDE = TableSpec(
    "wide",
    [
        Column("id", "UInt64", nullable=False),
        Column("at", "DateTime64(6,'UTC')", nullable=False),
        Column("a", "int", nullable=True, default="7", comment="it's"),
        Column("b", "Nullable( varchar(20) )", default="it's"),
        Column("c", "LowCardinality(Nullable(String))"),
        Column("d", "decimal64(3)"),
        Column("e", "Enum('x','y')", nullable=False),
        Column("f", "Map(text,Array(int))"),
        Column("g", "Tuple(`a` int, b double precision)"),
    ],
    order_by=["id", "at"],
    primary_key="id",
    partition_by=[PartitionKey("at", "month"), "id"],
    unique_key=UniqueKey("id"),
    cluster_key=ClusterKey("id", 4),
    ttl=TTL("at", 90, "DAY"),
    description="a table",
)
BEFORE = TableSpec(
    "t",
    [
        Column("id", "UInt64", nullable=False),
        Column("day", "Date", nullable=False),
        Column("note", "String", nullable=True),
        Column("amount", "Int32", nullable=False),
        Column("old", "String", nullable=True),
    ],
    order_by="id",
    ttl=TTL("day", 30),
)
AFTER = attrs.evolve(
    BEFORE,
    columns=[
        *BEFORE.columns[:2],
        Column("remark", "FixedString(9)", comment="new"),
        Column("amount", "Int64", nullable=False, default="0"),
        Column("added", "Array(String)"),
    ],
    ttl=TTL("day", 60),
)
RENAMES = {"note": "remark"}


def columns(bh: ByteHouse, database: str) -> dict[str, str]:
    """Return the types of the live table."""
    return {str(c.name): str(c.type) for c in bh.tables.get(database, "t").columns or []}


def test_a_table_does_not_differ_from_the_spec_that_created_it(
    local: ByteHouse, database: str
) -> None:
    """Of all kinds of columns and keys, whatever their spelling."""
    local.tables.create(database, WIDE)
    plan = local.tables.plan(database, WIDE)
    assert str(plan) == f"Table {database}.wide: no changes"
    assert plan.is_empty
    assert not local.tables.plan(database.upper(), WIDE).actions
    plan.apply()


def test_what_is_read_has_the_names_of_what_was_written(local: ByteHouse, database: str) -> None:
    """A table that was read can be described, printed and evaluated, and planned again."""
    local.tables.create(database, WIDE)
    live = local.tables.get(database, "wide")
    assert next((c.name, c.nullable) for c in live.columns or ()) == ("id", False)
    assert (live.order_by, live.primary_key, live.database) == (["id", "at"], ["id"], database)
    assert live.cluster_key == ClusterKey("id", 4)
    assert live.unique_key is not None
    assert live.unique_key.columns == ["id"]
    assert live.ttl is not None
    assert (live.ttl.column, live.ttl.value, live.ttl.unit) == ("at", 90, "DAY")
    assert evaluated(live) == live
    again = TableSpec.from_table(live)
    assert local.tables.plan(database, again).is_empty
    assert evaluated(again) == again
    shorter = attrs.evolve(again, ttl="at + INTERVAL 1 DAY")
    assert [change.name for change in local.tables.plan(database, shorter).actions] == ["ttl"]
    shown = local.tables.plan(database, shorter)._repr_html_()
    assert "<td>ttl</td><td>at + 90 DAY</td><td>at + 1 DAY</td>" in shown


def test_a_plan_is_applied_and_the_next_one_is_empty(local: ByteHouse, database: str) -> None:
    """Add, drop, modify, rename (and modify what is renamed) and a new time to live."""
    local.tables.create(database, BEFORE)
    plan = local.tables.plan(database, AFTER, renames=RENAMES)
    shorter = "destructive: values that are not FixedString(9) are lost"
    assert str(plan) == "\n".join(
        [
            f"Table {database}.t: 6 changes, 2 destructive",
            "~ column note: renamed to remark",
            f"~ column remark: String no COMMENT -> FixedString(9) COMMENT 'new' ({shorter})",
            "~ column amount: Int32 no DEFAULT -> Int64 DEFAULT '0'",
            "+ column added: Array(String) NOT NULL",
            "- column old: String NULL (destructive: its values are lost)",
            "~ ttl: day + 30 DAY -> day + 60 DAY",
        ]
    )
    plan.apply(allow_destructive=True)
    assert local.tables.plan(database, AFTER, renames=RENAMES).is_empty
    assert columns(local, database) == {
        "id": "UInt64",
        "day": "Date",
        "remark": "FixedString(9)",
        "amount": "Int64",
        "added": "Array(String)",
    }
    local.tables.plan(database, attrs.evolve(AFTER, ttl=None), renames=RENAMES).apply()
    assert local.tables.get(database, "t").ttl is None


def eased(before: TableSpec, after: TableSpec, renames: dict[str, str]) -> TableSpec:
    """Return a wanted table that a real engine can make of another: it cannot make every type of
    every other, nor take NULL away."""
    new_names = {old: renames.get(old, old) for old in (str(c.name) for c in before.columns)}
    old = {new_names[str(column.name)]: column for column in before.columns}
    wanted = []
    for column in after.columns:
        changed = models.Column.from_dict(column.to_dict())
        if (was := old.get(str(column.name))) is not None:
            kinds = [parse_type(str(c.type))[0] for c in (column, was)]
            changed.type = column.type if holds_every_value(*kinds) else was.type
            changed.nullable = None
        if "Date" in str(changed.type) or changed.type != column.type:
            changed.default = None
        wanted.append(changed)
    return attrs.evolve(after, columns=wanted)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=pairs())
def test_any_plan_of_columns_reaches_what_is_wanted(
    local: ByteHouse, database: str, drawn: tuple[TableSpec, TableSpec, dict[str, str]]
) -> None:
    """A real engine accepts the requests of a plan, and the second plan is empty."""
    before, after, renames = drawn
    after = eased(before, after, renames)
    local.tables.create(database, before)
    try:
        plan = local.tables.plan(database, after, renames=renames)
        plan.apply(allow_destructive=True)
        assert str(local.tables.plan(database, after, renames=renames)).endswith("no changes")
    finally:
        local.tables.delete(database, "t")


def test_what_loses_data_is_refused_unless_allowed(local: ByteHouse, database: str) -> None:
    """A destructive plan changes nothing, not even what is harmless in it."""
    local.tables.create(database, BEFORE)
    before = columns(local, database)
    plan = local.tables.plan(database, AFTER, renames=RENAMES)
    with pytest.raises(InvalidArgument, match=r"loses data: ~ column remark: .*; - column old"):
        plan.apply()
    assert columns(local, database) == before
    assert [change.name for change in plan.destructive] == ["column remark", "column old"]


def test_what_the_api_cannot_do_is_refused_unless_ignored(local: ByteHouse, database: str) -> None:
    """A blocked plan changes nothing; with `ignore_blocked` it does the rest, and stays blocked."""
    local.tables.create(database, BEFORE)
    wanted = attrs.evolve(
        BEFORE, order_by=["id", "day"], columns=[*BEFORE.columns, Column("x", "Int8")]
    )
    plan = local.tables.plan(database, wanted)
    assert [change.name for change in plan.blocked] == ["order_by", "primary_key"]
    with pytest.raises(InvalidArgument, match="cannot do all of this plan: ! order_by"):
        plan.apply(allow_destructive=True)
    assert "x" not in columns(local, database)
    plan.apply(ignore_blocked=True)
    assert "x" in columns(local, database)
    assert local.tables.plan(database, wanted).actions == plan.blocked


def test_a_stale_plan_is_refused(local: ByteHouse, database: str) -> None:
    """A change since, a plan applied twice, and a table created again: nothing is changed."""
    local.tables.create(database, BEFORE)
    wanted = attrs.evolve(BEFORE, columns=[*BEFORE.columns, Column("x", "Int8")])
    plan = local.tables.plan(database, wanted)
    local.tables.update(database, "t", add={"y": "Int8"})
    with pytest.raises(StalePlan, match=r"now it would be:\n.*\n- column y"):
        plan.apply(allow_destructive=True)
    local.tables.update(database, "t", drop="y")
    again = local.tables.plan(database, wanted)
    plan.apply()
    with pytest.raises(StalePlan, match="nothing is left to do"):
        again.apply()
    local.tables.delete(database, "t")
    local.tables.create(database, BEFORE)
    with pytest.raises(StalePlan, match="created again"):
        plan.apply()


def test_a_plan_for_a_table_that_is_missing_creates_it(local: ByteHouse, database: str) -> None:
    """It shows the columns; a table that was created meanwhile is left alone."""
    plan, late = (local.tables.plan(database, BEFORE) for _ in range(2))
    assert f"+ table {BEFORE.name}: id " in str(plan)
    assert (plan.live, plan.is_empty, len(plan.actions)) == (None, False, 1)
    plan.apply()
    assert local.tables.plan(database, BEFORE).is_empty
    with pytest.raises(StalePlan, match="it was created"):
        late.apply()


def test_a_plan_for_a_view_is_blocked(local: ByteHouse, database: str) -> None:
    """A view cannot become a table."""
    local.queries.execute(f"CREATE VIEW {database}.t AS SELECT 1 AS id")
    assert [c.name for c in local.tables.plan(database, BEFORE).blocked][:1] == ["kind"]


def test_an_update_whose_response_is_lost_is_checked(
    local: ByteHouse, database: str, bytehouse_emulator: RunningEmulator
) -> None:
    """If it took effect, the plan continues. If not, the error is raised."""
    local.tables.create(database, BEFORE)
    bytehouse_emulator.fault("update_table", truncate=True)
    local.tables.plan(database, AFTER, renames=RENAMES).apply(allow_destructive=True)
    assert local.tables.plan(database, AFTER, renames=RENAMES).is_empty
    bytehouse_emulator.fault("update_table", status=500, body="{}")
    back = attrs.evolve(AFTER, columns=[*AFTER.columns, Column("x", "Int8")])
    with pytest.raises(ServerError):
        local.tables.plan(database, back).apply()


def test_an_update_without_effect_is_an_error(bh: ByteHouse, server: ScriptedServer) -> None:
    """No response, twice, and the table is as it was: it may still take effect."""
    live = data({"name": "t", "columns": [{"name": "id", "type": "Int8"}], "orderByKeys": ["id"]})
    server.handler = lambda seen: live if seen.operation == "get_table" else CLOSED
    plan = bh.tables.plan("sales", TableSpec("t", {"id": "Int16"}, order_by="id"))
    with pytest.raises(OutcomeUnknown):
        plan.apply(max_retries=1)
    assert server.operations.count("update_table") == 2


def test_a_plan_keeps_the_role_it_was_made_under(bh: ByteHouse, server: ScriptedServer) -> None:
    """The options of the plan are those of its requests, and `apply` may add to them."""
    live = data({"name": "t", "columns": [{"name": "id", "type": "Int8"}], "orderByKeys": ["id"]})
    server.script(live, live, Reply(body={}))
    wanted = TableSpec("t", {"id": "Int16"}, order_by="id")
    plan = bh.tables.plan("sales", wanted, role="Analyst")
    plan.apply(headers={"X-Trace": "1"})
    assert [seen.header(ROLE_HEADER) for seen in server.seen] == ["Analyst"] * 3
    assert [seen.header("X-Trace") for seen in server.seen] == [None, "1", "1"]
    assert server.seen[-1].json == {"modifyColumns": [{"name": "id", "type": "Int16"}]}


def test_a_table_is_created_from_a_dataclass(local: ByteHouse, database: str) -> None:
    """A class is accepted for columns, in a call and in a spec."""

    @dataclasses.dataclass
    class Row:
        id: int
        day: date
        note: str | None
        tags: list[str]

    local.tables.create(database, "t", Row, order_by="id")
    assert local.tables.plan(database, TableSpec("t", Row, order_by=["id"])).is_empty


def test_a_table_is_created_from_a_pandas_frame(local: ByteHouse, database: str) -> None:
    """The key can be a string, though every string may be missing in pandas."""
    pd = pytest.importorskip("pandas", reason="pandas comes with the extra `emulator`")
    frame = pd.DataFrame({"id": ["a"], "n": [1], "x": [0.5], "c": pd.Categorical(["x"])})
    local.tables.create(database, "t", frame, order_by="id")
    assert local.tables.plan(database, TableSpec("t", frame, order_by=["id"])).is_empty
    local.tables.update(database, "t", add=pd.DataFrame({"more": [1]}))
    assert columns(local, database)["more"] == "Int64"
