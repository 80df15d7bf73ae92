"""Comparing a wanted table with a live one: what differs, and which changes follow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import TTL, ClusterKey, Column, InvalidArgument, PartitionKey, TableSpec
from bytehouse._tables.changes import steps
from bytehouse._tables.diff import diff
from bytehouse_raw import models
from tests.tables.strategies import as_given, changed, echo, pairs, specs, updated

ID = Column("id", "UInt64", nullable=False)


def spec(*columns: Column, **more: Any) -> TableSpec:
    """Return a wanted table that has an id and further columns."""
    return TableSpec("t", [ID, *columns], **{"order_by": "id", **more})


def lines(desired: TableSpec, live: models.Table, **renames: str) -> list[str]:
    """Return the differences as they are printed."""
    return str(diff(desired.request(), live, renames)).splitlines()


@given(st.data())
def test_a_table_does_not_differ_from_itself_in_any_form(data: st.DataObject) -> None:
    """Spelling, quotes, forms of a key, and missing fields are not differences."""
    desired = data.draw(specs())
    live = data.draw(echo(desired))
    assert diff(desired.request(), live).changes == ()


@given(pairs())
def test_making_the_changes_makes_the_table(
    drawn: tuple[TableSpec, TableSpec, dict[str, str]],
) -> None:
    """After the requests of a plan, a second plan is empty, the renames still given."""
    before, after, renames = drawn
    live = as_given(before)
    found = diff(after.request(), live, renames)
    assert not [change for change in found.changes if change.blocked]
    taken = steps(found.changes)
    assert sorted(map(str, found.changes)) == sorted(str(c) for s in taken for c in s.changes)
    for step in taken:
        live = updated(live, step.body)
    assert diff(after.request(), live, renames).changes == ()


@given(pairs())
def test_only_losses_are_destructive(drawn: tuple[TableSpec, TableSpec, dict[str, str]]) -> None:
    """Additions, renames and removing a time to live lose nothing; dropping a column does."""
    before, after, renames = drawn
    for change in diff(after.request(), as_given(before), renames).changes:
        harmless = change.kind == "rename" or (change.kind == "add" and change.name != "ttl")
        assert not (harmless and change.destructive)
        if change.kind == "drop":
            assert change.destructive == (change.name != "ttl")


def test_a_plan_reads_like_a_list_of_changes() -> None:
    """Each line has its sign, what it is about, and why it is blocked or loses data."""
    live = as_given(
        spec(Column("a", "Int64", comment="old"), Column("b", "String"), Column("c", "Date"))
    )
    desired = spec(
        Column("a", "int", comment="new", nullable=False),
        Column("d", "Array(Int8)"),
        Column("e", "Date"),
        ttl=TTL("e", 7),
        order_by=["id", "a"],
        partition_by=PartitionKey("e", "month"),
    )
    narrower = "destructive: values that are not Int32 are lost"
    assert lines(desired, live, c="e") == [
        "~ column c: renamed to e",
        f"~ column a: Int64 COMMENT 'old' -> Int32 COMMENT 'new' ({narrower})",
        "+ column d: Array(Int8) NOT NULL",
        "- column b: String NOT NULL DEFAULT '' (destructive: its values are lost)",
        "+ ttl: e + 7 DAY (destructive: rows that are older are deleted)",
        "! order_by: id -> id, a (blocked: the sort key is fixed when a table is created)",
        "! primary_key: id -> id, a (blocked: no operation of the API changes it)",
        "! partition_by: none -> e by month (blocked: no operation of the API changes it)",
    ]


def test_what_is_not_known_of_the_live_table_is_listed_separately() -> None:
    """What is wanted and not known is neither a difference nor ignored."""
    desired = spec(
        Column("a", "String", default="x"), ttl=TTL("d", 7), description="d", sample_by="id"
    )
    live = models.Table("t", columns=[ID, models.Column(name="a", type="String")])
    assert diff(desired.request(), live).changes == ()
    assert lines(desired, live) == [
        "? column a: wanted DEFAULT 'x'",
        "? ttl: wanted d + 7 DAY",
        "? order_by: wanted id",
        "? sample_by: wanted id",
        "? description: wanted COMMENT 'd'",
    ]
    assert (
        lines(desired, models.Table("t"))[0] == "? columns: those of the live table are not known"
    )


def test_a_statement_without_a_clause_shows_that_there_is_none() -> None:
    """The statement that creates the live table counts where its fields are missing."""
    desired = spec(Column("a", "String", default="x"), ttl=TTL("id", 7), sample_by="id")
    live = models.Table(
        "t",
        columns=[ID, models.Column(name="a", type="String")],
        order_by=["id"],
        definition="CREATE TABLE t (id UInt64, a String COMMENT 'SAMPLE BY, DEFAULT, TTL')",
    )
    assert [line[:20].strip() for line in lines(desired, live)] == [
        "~ column a: no DEFAU",
        "+ ttl: id + 7 DAY (d",
        "! sample_by: none ->",
    ]


def test_a_service_that_returns_one_default_would_return_another() -> None:
    """A column without a default, beside one whose default is returned, has none."""
    desired = spec(Column("a", "String", default="x"), Column("b", "String", default="y"))
    told = models.Column(name="a", type="String", default="x")
    silent = models.Column(name="b", type="String")
    assert lines(desired, models.Table("t", columns=[ID, told, silent], order_by=["id"])) == [
        "~ column b: no DEFAULT -> DEFAULT 'y'"
    ]


def unknown_ttl(period: int) -> TTL:
    """Return a time to live under keys that are not the likely ones."""
    return TTL.from_dict({"period": period})


@pytest.mark.parametrize(
    ("before", "after", "loses"),
    [
        (TTL("d", 7), TTL("d", 8), False),
        (TTL("d", 7), ("d", "2w"), False),
        (TTL("d", 1, "YEAR"), TTL("d", 12, "MONTH"), False),
        (TTL("d", 7), TTL("d", 6), True),
        (TTL("d", 7), TTL("e", 8), True),
        (TTL("d", 31), TTL("d", 1, "MONTH"), True),
        (unknown_ttl(7), unknown_ttl(9), None),
        (unknown_ttl(7), None, False),
    ],
)
def test_a_time_to_live_that_keeps_longer_loses_nothing(
    before: Any, after: Any, loses: bool | None
) -> None:
    """A time to live is destructive unless it surely keeps all that the one before keeps; unknown
    fields are not compared."""
    live = as_given(spec(ttl=before))
    found = diff(spec(ttl=after).request(), live)
    assert [change.destructive for change in found.changes] == ([] if loses is None else [loses])
    assert bool(found.unknown) == (loses is None)


def test_every_key_is_fixed() -> None:
    """A key that differs is blocked, whichever it is, and so is a description."""
    keys: dict[str, Any] = {
        "partition_by": "id",
        "unique_key": {"columns": ["id"]},
        "cluster_key": ClusterKey("id", 4),
        "sample_by": "id",
        "description": "new",
    }
    for name, value in keys.items():
        for desired, live in ((spec(**{name: value}), spec()), (spec(), spec(**{name: value}))):
            [change] = diff(desired.request(), as_given(live)).changes or [None]
            if name == "description" and desired.description is None:
                assert change is None  # left out, any will do
            else:
                assert change is not None
                assert change.blocked


def test_another_number_of_buckets_is_another_cluster_key() -> None:
    """Buckets count."""
    live = as_given(spec(cluster_key=ClusterKey("id", 4)))
    assert (
        "id into 4 buckets -> id into 8 buckets"
        in lines(spec(cluster_key=ClusterKey("id", 8)), live)[0]
    )


def test_a_view_is_not_a_table() -> None:
    """A view under the name of the table is a difference that cannot be fixed."""
    live = changed(as_given(spec()), type="MATERIALIZED_VIEW")
    assert lines(spec(), live) == [
        "! kind: MATERIALIZED_VIEW -> TABLE (blocked: it is not a table)"
    ]


@pytest.mark.parametrize(
    ("renames", "problem"),
    [
        ({"a": "b", "b": "a"}, "depends on another"),
        ({"a": "new", "b": "new"}, "depends on another"),
        ({"a": "id2"}, "no column 'id2' is wanted"),
        ({"a": "b"}, "has both"),
        ({"x": "new"}, "has neither"),
    ],
)
def test_a_rename_that_matches_neither_table_is_refused(
    renames: dict[str, str], problem: str
) -> None:
    """A rename is made, has been made, or is a mistake."""
    live = as_given(spec(Column("a", "Int8"), Column("b", "Int8")))
    desired = spec(Column("b", "Int8"), Column("new", "Int8"))
    with pytest.raises(InvalidArgument, match=problem):
        diff(desired.request(), live, renames)


def test_a_modified_column_stays_as_nullable_as_it_is() -> None:
    """Where a wanted column does not specify NULL, the request repeats the live setting."""
    for nullable in (True, False):
        live = as_given(spec(Column("a", "Int8", nullable=nullable)))
        [step] = steps(diff(spec(Column("a", "Int16")).request(), live).changes)
        assert step.body.to_dict() == {
            "modifyColumns": [{"name": "a", "type": "Int16", "nullable": nullable}]
        }
