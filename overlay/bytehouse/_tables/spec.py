"""Describe tables in Python, and convert the descriptions to requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import attrs

from bytehouse_raw.models import (
    TTL,
    ClusterKey,
    Column,
    CreateTableRequest,
    PartitionKey,
    RenameColumn,
    Table,
    UniqueKey,
)
from bytehouse_raw.types import Model

from .._core.html import HtmlRepr
from .._core.times import Duration, to_timedelta
from .._core.validation import as_list, optional_string, require_id, require_name, require_names
from ..errors import InvalidArgument
from .inference import ColumnSource, Described, describe, nullable_type
from .keys import AGE, expressions

M = TypeVar("M", bound=Model)
_BUCKETS = re.compile(r"(.+?)\s+INTO\s+(\d+)\s+BUCKETS\s*", re.IGNORECASE | re.DOTALL)


def columns_from(source: ColumnSource, *, types: Mapping[str, str] | None = None) -> list[Column]:
    """Return the columns that a class, schema or frame describes.

    Wherever columns are accepted, such a source is too; this is for columns of other types, and to
    see the outcome.

    ================  =============================================  ========================
    source            its type                                       ClickHouse type
    ================  =============================================  ========================
    dataclass, attrs  bool, int, float, str, bytes                   Bool, Int64, Float64,
                                                                     String, String
    ..                datetime, date                                 DateTime64(6, 'UTC'),
                                                                     Date32
    ..                UUID, IPv4Address, IPv6Address                 UUID, IPv4, IPv6
    ..                list[T], set[T], tuple[T, ...]                 Array(T)
    ..                dict[K, V], tuple[A, B], a dataclass           Map(K, V), Tuple(A, B),
                                                                     Tuple(name A, ...)
    ..                Annotated[T, "UInt32"]                         UInt32, as it says
    pyarrow, pandas,  integers and floats of n bits                  IntN, UIntN, FloatN (16
    polars                                                           bits as Float32)
    ..                boolean, string, bytes                         Bool, String, String
    ..                date; timestamp in s, ms, us, ns               Date32; DateTime64(0, 3,
                                                                     6, 9) in its zone or UTC
    ..                decimal (p, s)                                 Decimal(p, s)
    ..                string dictionary, category, enum              LowCardinality(String)
    ..                list, map, struct                              Array, Map, Tuple
    pyarrow           fixed_size_binary[n], arrow.uuid               FixedString(n), UUID
    pandas            object                                         what all its values are:
                                                                     String, Bool or Date32
    ================  =============================================  ========================

    Everything else, such as a Decimal without precision and scale or a time of day, needs an
    entry in `types`.

    NULL is a value of a column if the source says so: ``T | None`` in a dataclass, `nullable`
    of a pyarrow field, everything of polars, and of pandas all but NumPy's integers and bool.
    Arrays, maps and tuples cannot be NULL in ClickHouse. A `TableSpec` removes NULL from the
    columns of its keys, which cannot have it, unless the source is a dataclass.

    Args:
        source: A dataclass or attrs class; a pyarrow schema, table or record batch; a pandas
            frame, its index left out; a polars frame or schema.
        types: ClickHouse types by name of column; they override the table.

    Raises:
        InvalidArgument: It is not such a source, a type has no counterpart, or `types` names
            an unknown column.
    """
    found = describe(source, types)
    if found is None:
        raise InvalidArgument(f"{source!r} is not a source of columns.")
    return [_described_column(column) for column in found]


def _described_column(column: Described, required: Iterable[str] = ()) -> Column:
    name, type_, nullable, explicit = column
    nullable = nullable and (explicit or name not in required)
    if type_.startswith("LowCardinality("):
        return Column(name, nullable_type(type_, nullable))
    return Column(name, type_, nullable=None if type_.startswith("Nullable(") else nullable)


ColumnLike = Column | tuple[str, str] | Mapping[str, Any]
ColumnsLike = Iterable[ColumnLike] | Mapping[str, str] | ColumnSource
PartitionLike = PartitionKey | str | Mapping[str, Any]
UniqueLike = UniqueKey | Iterable[str] | str | Mapping[str, Any]
ClusterLike = ClusterKey | tuple[str | list[str], int] | str | Mapping[str, Any]
TTLLike = TTL | tuple[str, Duration] | str | Mapping[str, Any]


def model_of(kind: type[M], value: M | Mapping[str, Any] | None) -> M | None:
    """Return a model; a mapping has the names of its attributes or those on the wire.

    Raises:
        InvalidArgument: It is neither, or the mapping lacks what the model must have, or has
            other names: those are in its ``additional_properties``.
    """
    if value is None or isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{value!r} is neither a {kind.__name__} nor a mapping.")
    attributes = {name: name for name in kind._fields.values()} | dict(kind._fields)
    given = dict(value)
    other = given.pop("additional_properties", {})
    if unknown := [str(name) for name in given if name not in attributes]:
        raise InvalidArgument(
            f"{value!r}: a {kind.__name__} has no {' and no '.join(unknown)}.",
            hint=f"It has {', '.join(kind._fields.values())}; what else the service knows goes "
            "into additional_properties.",
        )
    known = {attributes[name]: item for name, item in given.items()}
    required = [each.name for each in attrs.fields(kind) if each.default is attrs.NOTHING]
    if missing := [name for name in required if name not in known]:
        raise InvalidArgument(
            f"{value!r} lacks the {' and the '.join(missing)} of a {kind.__name__}."
        )
    build: Callable[..., M] = kind  # a subclass of Model, each with attributes of its own
    return build(**known, additional_properties=other)


def unique_key_of(value: UniqueLike | None) -> UniqueKey | None:
    """Return a unique key; strings are the names of its columns."""
    if value is None or isinstance(value, UniqueKey | Mapping):
        return model_of(UniqueKey, value)
    return UniqueKey(require_names(value, "unique_key"))


def cluster_key_of(value: ClusterLike | None) -> ClusterKey | None:
    """Return a cluster key; a pair has columns and buckets, a string is as in a statement."""
    if isinstance(value, str) and (found := _BUCKETS.fullmatch(value)):
        value = found[1], int(found[2])
    if isinstance(value, tuple) and len(value) == 2:
        columns, buckets = value
        return ClusterKey(require_names(columns, "cluster_key"), require_id(buckets, "buckets"))
    if value is None or isinstance(value, ClusterKey | Mapping):
        return model_of(ClusterKey, value)
    raise InvalidArgument(
        f"cluster_key lacks the number of its buckets: {value!r}.",
        hint='Give ClusterKey("id", 8), or "id INTO 8 BUCKETS".',
    )


def ttl_of(value: TTLLike | None) -> TTL | None:
    """Return a time to live; a pair has column and duration, a string is an expression."""
    if isinstance(value, str) and not re.match(r"\s*(\d|$)", value):
        age = AGE.fullmatch(", ".join(expressions(value)))
        if age is None:
            return TTL(expression=value)
        return TTL(age[1], int(age[3] or age[4]), (age[2] or age[5]).upper().removesuffix("S"))
    if isinstance(value, tuple) and len(value) == 2:
        return TTL(require_name(value[0], "the column of ttl"), *_units(value[1]))
    if value is None or isinstance(value, TTL | Mapping):
        found = model_of(TTL, value)
        if found is not None and found.value is not None and found.unit is None:
            found = attrs.evolve(found, unit="DAY")
        return found
    raise InvalidArgument(
        f"ttl must be a TTL, an expression, or a column and a duration; not {value!r}.",
        hint='Give TTL("day", 7, "DAY"), "day + INTERVAL 7 DAY" or ("day", "7d").',
    )


def _units(value: Duration) -> tuple[int, str]:
    """Return a duration in the largest unit of which it is a whole number."""
    length = to_timedelta(value, "value")
    for unit in ("days", "hours", "minutes", "seconds"):
        count, rest = divmod(length, timedelta(**{unit: 1}))
        if count and not rest:
            return count, unit.removesuffix("s").upper()
    raise InvalidArgument(f"value must be whole seconds, at least one; not {value!r}.")


def rename_of(names: Mapping[str, str] | None) -> list[RenameColumn]:
    """Return columns to rename, given their current names with the new ones.

    Raises:
        InvalidArgument: They are not names by names.
    """
    pairs = {} if names is None else names
    if not isinstance(pairs, Mapping):
        raise InvalidArgument(f"rename must map current names to new ones, not {pairs!r}.")
    return [
        RenameColumn(require_name(old, "rename"), require_name(new, "rename"))
        for old, new in pairs.items()
    ]


def columns_of(
    columns: ColumnsLike, what: str = "columns", required: Iterable[str] = ()
) -> list[Column]:
    """Return the columns of a table.

    Args:
        columns: `Column` objects, ``(name, type)`` pairs, mappings, one mapping of names to types,
            or what `columns_from` takes.
        what: Name of the argument, for the error.
        required: Columns that cannot be NULL, for sources whose types allow NULL by default.

    Raises:
        InvalidArgument: There is no column, one has no name or type, or two have the same name.
    """
    if (described := describe(columns)) is not None:
        required = list(required)
        columns = [_described_column(column, required) for column in described]
    elif isinstance(columns, Mapping):
        columns = list(columns.items())
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise InvalidArgument(
            f"{what} must be columns, (name, type) pairs, a mapping of names to types, a dataclass,"
            " or a pyarrow, pandas or polars object."
        )
    found = [_column(column, what) for column in columns]
    if not found:
        raise InvalidArgument(f"{what} is empty: a table needs at least one column.")
    names = [column.name for column in found]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise InvalidArgument(f"{what} names twice: {', '.join(duplicates)}.")
    return found


def _column(value: ColumnLike, what: str) -> Column:
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument(f"{what}: {value!r} is not a (name, type) pair.")
        value = Column(*value)
    column = model_of(Column, value)
    if column is None or not all(
        isinstance(t := getattr(column, name, None), str) and t.strip() for name in ("name", "type")
    ):
        raise InvalidArgument(f"{what}: {value!r} lacks a name or a type.")
    return column


def partition_keys_of(
    keys: Iterable[PartitionLike] | PartitionLike | None,
) -> list[PartitionKey] | None:
    """Return partition keys; a string is the name of a column."""
    if keys is None:
        return None
    single = isinstance(keys, str | Mapping | PartitionKey)
    several = [keys] if single else as_list(keys, "partition_by")
    if "" in several:
        raise InvalidArgument("partition_by names a column that has no name.")
    made = [
        PartitionKey(key, None) if isinstance(key, str) else model_of(PartitionKey, key)
        for key in several
    ]
    return [key for key in made if key is not None]


@attrs.frozen(init=False)
class TableSpec(HtmlRepr):
    """Describe a whole table: to create it, to ensure it, or to plan changes of the live one.

    What is not given is absent: no partitions, no time to live. Only for `description`, and for
    `nullable`, `default` and `comment` of a column, does not giving it mean that any value will do.

    Args:
        name: Name of the table.
        columns: `Column` objects, ``(name, type)`` pairs, mappings, one mapping of names to types,
            a dataclass, or a pyarrow, pandas or polars object (see `columns_from`).
        order_by: Sort key: one to five columns, none of them Nullable.
        primary_key: A prefix of the sort key; if not given, the whole of it.
        partition_by: Columns or `PartitionKey` objects.
        unique_key: Columns, or a `UniqueKey`, by which rows are upserted.
        cluster_key: A `ClusterKey`, by which rows are distributed over buckets; or its columns and
            the number of buckets, ``("id", 8)`` or ``"id INTO 8 BUCKETS"``.
        sample_by: Sampling expression.
        ttl: How long rows are kept: a `TTL`, an expression such as ``"day + INTERVAL 7 DAY"``, or a
            column and a duration, ``("day", "7d")``.
        description: Free text.

    Raises:
        InvalidArgument: There is no column or no sort key, or a name is missing or duplicated.
    """

    name: str
    columns: tuple[Column, ...]
    order_by: tuple[str, ...]
    primary_key: tuple[str, ...] | None
    partition_by: tuple[PartitionKey, ...] | None
    unique_key: UniqueKey | None
    cluster_key: ClusterKey | None
    sample_by: str | None
    ttl: TTL | None
    description: str | None

    def __init__(
        self,
        name: str,
        columns: ColumnsLike,
        *,
        order_by: Iterable[str] | str,
        primary_key: Iterable[str] | str | None = None,
        partition_by: Iterable[PartitionLike] | PartitionLike | None = None,
        unique_key: UniqueLike | None = None,
        cluster_key: ClusterLike | None = None,
        sample_by: str | None = None,
        ttl: TTLLike | None = None,
        description: str | None = None,
    ) -> None:
        sort_key = require_names(order_by, "order_by")
        partitions, unique = partition_keys_of(partition_by), unique_key_of(unique_key)
        of_keys = {*sort_key, *((unique and unique.columns) or ())}
        of_keys |= {key.column for key in partitions or () if key.column}
        self.__attrs_init__(
            name=require_name(name, "name"),
            columns=tuple(columns_of(columns, required=of_keys)),
            order_by=tuple(sort_key),
            primary_key=None
            if primary_key is None
            else tuple(require_names(primary_key, "primary_key")),
            partition_by=None if partitions is None else tuple(partitions),
            unique_key=unique,
            cluster_key=cluster_key_of(cluster_key),
            sample_by=optional_string(sample_by, "sample_by"),
            ttl=ttl_of(ttl),
            description=optional_string(description, "description"),
        )

    @classmethod
    def from_table(cls, table: Table) -> TableSpec:
        """Describe a table as it was read, to create another one, or to plan a change of it.

        Args:
            table: What `tables.get` returned.

        Raises:
            InvalidArgument: The service did not return its name, its columns or its sort key.
        """
        return cls(
            getattr(table, "name", ""),
            table.columns or (),
            order_by=table.order_by or (),
            primary_key=table.primary_key or None,
            partition_by=table.partition_by or None,
            unique_key=table.unique_key,
            cluster_key=table.cluster_key,
            sample_by=table.sample_by or None,
            ttl=table.ttl,
            description=table.description,
        )

    def request(self) -> CreateTableRequest:
        """Return the body that creates the table; its fields have the same names."""
        fields: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in attrs.asdict(self, recurse=False).items()
        }
        return CreateTableRequest(**fields)


def require_spec(spec: TableSpec) -> TableSpec:
    """Return a specification if it is one.

    Raises:
        InvalidArgument: It is something else.
    """
    if not isinstance(spec, TableSpec):
        raise InvalidArgument(
            f"A table is described by a TableSpec, not {spec!r:.100}.",
            hint='TableSpec("orders", {"id": "UInt64"}, order_by="id"), for instance.',
        )
    return spec
