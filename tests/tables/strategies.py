"""Wanted tables, and live ones as a service might return them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from bytehouse import TTL, ClusterKey, Column, PartitionKey, TableSpec, UniqueKey
from bytehouse_raw import models
from bytehouse_raw.types import Model

__all__ = ["as_given", "changed", "echo", "pairs", "specs", "updated"]

M = TypeVar("M", bound=Model)
SPELLINGS = {
    "Int32": ["int", "INTEGER", "Int32", "int(11)"],
    "Int64": ["bigint", "Int64"],
    "Float64": ["double", "DOUBLE  PRECISION", "Float64"],
    "String": ["String", "varchar(20)", "TEXT"],
    "Date": ["Date"],
    "Decimal(10, 2)": ["decimal(10,2)", "NUMERIC(10 , 2)"],
    "DateTime64(3)": ["DateTime64", "DateTime64( 3 )"],
    "DateTime64(6, 'UTC')": ["DateTime64(6,'UTC')"],
    "Enum8('a' = 1, 'b' = 2)": ["Enum('a','b')", "Enum8('b'=2,'a'=1)"],
    "Array(Int64)": ["Array( bigint )"],
    "Map(String, Int32)": ["Map(text,int)"],
}
COMPOSITE = ("Array", "Map")
NAMES = ["note", "Amount", "at", "sort of", "größe", "ttl"]
DEFAULTS = [None, "", "x", "it's", "7"]
KEYS: dict[str, list[Any]] = {
    "partition_by": [None, "day", PartitionKey("day", "month"), ["id", PartitionKey("day", "DAY")]],
    "unique_key": [None, UniqueKey("id"), UniqueKey(["id", "day"])],
    "cluster_key": [None, ClusterKey("id", 4)],
    "sample_by": [None, "id"],
    "primary_key": [None, "id"],
}
TTLS = [None, TTL("day", 7), TTL("day", 2, "MONTH"), TTL("day", 36, "HOUR")]
FIRST = (Column("id", "UInt64", nullable=False), Column("day", "Date", nullable=False))


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    """Draw one column."""
    kind = draw(st.sampled_from(sorted(SPELLINGS)))
    bare = kind.startswith(COMPOSITE)
    return Column(
        name,
        kind,
        nullable=None if bare else draw(st.sampled_from([None, True, False])),
        default=draw(st.sampled_from(DEFAULTS)) if kind == "String" else None,
        comment=draw(st.sampled_from([None, "", "a 'quoted' word"])),
    )


@st.composite
def specs(draw: st.DrawFn, keys: Mapping[str, Any] | None = None) -> TableSpec:
    """Draw a wanted table."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    keys = keys or {name: draw(st.sampled_from(values)) for name, values in KEYS.items()}
    return TableSpec(
        "t",
        [*FIRST, *(draw(columns(name)) for name in names)],
        order_by=["id", "day"],
        ttl=draw(st.sampled_from(TTLS)),
        description=draw(st.sampled_from([None, "", "what it is"])),
        **keys,
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[TableSpec, TableSpec, dict[str, str]]:
    """Draw a table, one that it is to become, and the renames on the way."""
    before = draw(specs())
    keys = {name: getattr(before, name) for name in KEYS}
    after = attrs.evolve(draw(specs(keys)), description=before.description)
    old = [str(c.name) for c in before.columns[2:]]
    new = [str(c.name) for c in after.columns[2:] if c.name not in old]
    gone = [name for name in old if name not in {c.name for c in after.columns}]
    count = draw(st.integers(0, min(len(new), len(gone))))
    return before, after, dict(zip(gone[:count], new[:count], strict=True))


def as_given(spec: TableSpec) -> models.Table:
    """Return a table as a service would that returns everything as it was given."""
    return models.Table(
        name=spec.name,
        type="TABLE",
        uuid="u-1",
        description=spec.description or "",
        columns=[_column(column) for column in spec.columns],
        order_by=list(spec.order_by),
        primary_key=list(spec.primary_key or ()),
        partition_by=list(spec.partition_by or ()),
        sample_by=spec.sample_by or "",
        unique_key=spec.unique_key or models.UniqueKey(),
        cluster_key=spec.cluster_key or models.ClusterKey(),
        ttl=spec.ttl or models.TTL(),
    )


def changed(model: M, **changes: Any) -> M:
    """Return a copy of a model with other values."""
    copied = copy.copy(model)
    for name, value in changes.items():
        setattr(copied, name, value)
    return copied


def _column(column: models.Column) -> models.Column:
    return changed(
        models.Column.from_dict(column.to_dict()),
        nullable=bool(column.nullable),
        default=column.default or "",
        comment=column.comment or "",
    )


def updated(live: models.Table, body: models.UpdateTableRequest) -> models.Table:
    """Return a table after an update, as the documentation of the update has it."""
    found = {str(column.name): column for column in live.columns or []}
    for rename in body.rename_columns or []:
        column = changed(found.pop(str(rename.name)), name=rename.new_name)
        found[str(rename.new_name)] = column
    for column in body.add_columns or []:
        assert column.name not in found
        found[str(column.name)] = _column(column)
    for column in body.modify_columns or []:
        kept = found[str(column.name)].to_dict() | column.to_dict()
        found[str(column.name)] = models.Column.from_dict(kept)
    for name in body.drop_columns or []:
        del found[name]
    assert not (body.is_remove_ttl and body.ttl)
    ttl = models.TTL() if body.is_remove_ttl else body.ttl or live.ttl
    return changed(live, columns=list(found.values()), ttl=ttl)


@st.composite
def echo(draw: st.DrawFn, spec: TableSpec) -> models.Table:
    """Draw a form in which a service might return a table that is as wanted."""
    live = as_given(spec)
    told: dict[str, Any] = {
        "columns": [draw(_echoed_columns(column)) for column in live.columns or []],
        "order_by": draw(_echoed_names(spec.order_by)),
        "primary_key": draw(_echoed_names(spec.primary_key or spec.order_by)),
        "partition_by": [draw(_echoed_partitions(key)) for key in live.partition_by or []],
        "sample_by": draw(st.sampled_from(["(id)", "`id`", "id"])) if spec.sample_by else "",
        "ttl": draw(_echoed_ttls(spec.ttl)) if spec.ttl else live.ttl,
        "database": "sales",
    }
    if spec.unique_key:
        expression = draw(_echoed_names(spec.unique_key.columns or []))
        told["unique_key"] = models.UniqueKey(expression=", ".join(expression))
    live = changed(live, **told)
    silent = draw(st.lists(st.sampled_from(sorted(told)), unique=True))
    nothing: dict[str, Any] = dict.fromkeys(silent)
    return changed(live, **nothing)


@st.composite
def _echoed_columns(draw: st.DrawFn, column: models.Column) -> models.Column:
    kind = draw(st.sampled_from([column.type, *SPELLINGS.get(str(column.type), [])]))
    if column.nullable and draw(st.booleans()):
        kind, nullable = f"Nullable({kind})", draw(st.sampled_from([None, True]))
    else:
        nullable = draw(st.sampled_from([column.nullable, None]))
    default = column.default or None
    if default and draw(st.booleans()):
        default = "'" + default.replace("\\", "\\\\").replace("'", "\\'") + "'"
    comment = column.comment or draw(st.sampled_from([None, ""]))
    return models.Column(
        name=column.name, type=kind, nullable=nullable, default=default, comment=comment
    )


def _echoed_names(names: Any) -> st.SearchStrategy[list[str]]:
    together = "(" + ", ".join(f"`{name}`" for name in names) + ")"
    return st.sampled_from([list(names), [f"`{name}`" for name in names], [together]])


def _echoed_partitions(key: models.PartitionKey) -> st.SearchStrategy[models.PartitionKey]:
    unit = key.granularity if isinstance(key.granularity, str) else None
    written = f"toStartOf{unit.capitalize()}(`{key.column}`)" if unit else f"`{key.column}`"
    fields: list[dict[str, Any]] = [
        {"column": key.column, "granularity": unit and unit.upper()},
        {"expression": written},
        {"column": key.column, "granularity": unit, "expression": written},
    ]
    return st.sampled_from([models.PartitionKey(**each) for each in fields])


def _echoed_ttls(ttl: models.TTL) -> st.SearchStrategy[models.TTL]:
    unit = str(ttl.unit).capitalize()
    return st.sampled_from(
        [
            models.TTL(column=ttl.column, value=ttl.value, unit=str(ttl.unit).lower() + "s"),
            models.TTL(expression=f"{ttl.column} + toInterval{unit}({ttl.value})"),
            models.TTL(expression=f"`{ttl.column}` + INTERVAL {ttl.value} {ttl.unit}"),
        ]
    )
