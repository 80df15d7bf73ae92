"""Describe tables in Python, and convert the descriptions to requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import attrs

from bytehouse_raw import models
from bytehouse_raw.types import Model

from .._core.times import Duration, to_timedelta
from .._core.validation import as_list, require_name, require_names
from ..errors import InvalidArgument
from .inference import ColumnSource, Described, describe, nullable_type

M = TypeVar("M", bound=Model)


class Column(models.Column):
    """Describe a column: its name, its ClickHouse type, and further properties.

    Args:
        name: Name.
        type: ClickHouse type, such as ``UInt64`` or ``DateTime64(3, 'UTC')``.
        nullable: Whether NULL is a value of it; if not given, the service decides.
        default: Default value, as a string.
        comment: Free text.
        **other: Further fields, by their names on the wire.
    """

    def __init__(
        self,
        name: str,
        type: str,
        *,
        nullable: bool | None = None,
        default: str | None = None,
        comment: str | None = None,
        **other: Any,
    ) -> None:
        super().__init__(
            name=name,
            type_=type,
            nullable=nullable,
            default_value=default,
            comment=comment,
            additional_properties=other,
        )

    @classmethod
    def from_schema(
        cls, source: ColumnSource, *, types: Mapping[str, str] | None = None
    ) -> list[Column]:
        """Return the columns that a class, schema or frame describes.

        Wherever columns are accepted, such a source is too; this is for columns of other types, and
        to see the outcome.

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
        return [cls._of(column) for column in found]

    @classmethod
    def _of(cls, column: Described, required: Iterable[str] = ()) -> Column:
        name, type_, nullable, explicit = column
        nullable = nullable and (explicit or name not in required)
        if type_.startswith("LowCardinality("):
            return cls(name, nullable_type(type_, nullable))
        return cls(name, type_, nullable=None if type_.startswith("Nullable(") else nullable)


class PartitionKey(models.PartitionKey):
    """Describe one part of a partition key.

    Args:
        column: Name of the column.
        granularity: Unit to truncate time to: ``day`` or ``month`` for a Date; ``minute``,
            ``hour``, ``day`` or ``month`` for a DateTime. None uses the value as it is.
        expression: The same as an expression, ``toStartOfDay(`d`)``.
        **other: Further fields, by their names on the wire.
    """

    def __init__(
        self,
        column: str,
        granularity: str | None = None,
        *,
        expression: str | None = None,
        **other: Any,
    ) -> None:
        super().__init__(
            column=column,
            granularity=granularity,
            expression=expression,
            additional_properties=other,
        )


class TTL(models.TableTtl):
    """Describe how long rows are kept. The docs do not show the fields of this object (inferred).

    Args:
        column: Date or DateTime column from which the age is computed.
        value: How many units; or a timedelta or a string such as ``90d``, which have their own.
        unit: Unit, such as ``DAY``.
        **other: Further fields, by their names on the wire.

    Raises:
        InvalidArgument: The value is not a duration, or not whole seconds.
    """

    def __init__(self, column: str, value: int | Duration, unit: str = "DAY", **other: Any) -> None:
        if not isinstance(value, int):
            value, unit = _units(value)
        super().__init__(column=column, value=value, unit=unit, additional_properties=other)


def _units(value: Duration) -> tuple[int, str]:
    """Return a duration in the largest unit of which it is a whole number."""
    length = to_timedelta(value, "value")
    for unit in ("days", "hours", "minutes", "seconds"):
        count, rest = divmod(length, timedelta(**{unit: 1}))
        if count and not rest:
            return count, unit.removesuffix("s").upper()
    raise InvalidArgument(f"value must be whole seconds, at least one; not {value!r}.")


class UniqueKey(models.UniqueKey):
    """Describe the key by which rows are upserted. The docs do not show the fields of this object
    (inferred).

    Args:
        *columns: Names of the columns.
        expression: The same as an expression.
        **other: Further fields, by their names on the wire.
    """

    def __init__(self, *columns: str, expression: str | None = None, **other: Any) -> None:
        super().__init__(
            columns=list(columns) or None, expression=expression, additional_properties=other
        )


class ClusterKey(models.ClusterKey):
    """Describe the key by which rows are distributed over buckets. The docs do not show its fields
    (inferred).

    Args:
        expression: Column or expression.
        buckets: How many buckets, at least 1.
        **other: Further fields, by their names on the wire.
    """

    def __init__(self, expression: str, buckets: int, **other: Any) -> None:
        super().__init__(expr=expression, num_buckets=buckets, additional_properties=other)


ColumnLike = models.Column | tuple[str, str] | Mapping[str, Any]
ColumnsLike = Iterable[ColumnLike] | Mapping[str, str] | ColumnSource


def model_of(kind: type[M], value: M | Mapping[str, Any] | None) -> M | None:
    """Return a model; a mapping has the names on the wire, and unknown ones are kept."""
    if value is None or isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        return kind.from_dict(value)
    raise InvalidArgument(f"{value!r} is neither a {kind.__name__} nor a mapping.")


def columns_of(
    columns: ColumnsLike, what: str = "columns", required: Iterable[str] = ()
) -> list[models.Column]:
    """Return the columns of a table.

    Args:
        columns: `Column` objects, ``(name, type)`` pairs, mappings by wire name, one mapping of
            names to types, or what `Column.from_schema` takes.
        what: Name of the argument, for the error.
        required: Columns that cannot be NULL, for sources whose types allow NULL by default.

    Raises:
        InvalidArgument: There is no column, one has no name or type, or two have the same name.
    """
    if (described := describe(columns)) is not None:
        required = list(required)
        columns = [Column._of(column, required) for column in described]
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
    duplicates = sorted({name for name in names if name is not None and names.count(name) > 1})
    if duplicates:
        raise InvalidArgument(f"{what} names twice: {', '.join(duplicates)}.")
    return found


def _column(value: ColumnLike, what: str) -> models.Column:
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument(f"{what}: {value!r} is not a (name, type) pair.")
        value = Column(*value)
    column = model_of(models.Column, value)
    if column is None or not all(
        isinstance(t, str) and t.strip() for t in (column.name, column.type_)
    ):
        raise InvalidArgument(f"{what}: {value!r} lacks a name or a type.")
    return column


def keys_of(
    keys: Iterable[PartitionLike] | PartitionLike | None,
) -> list[models.PartitionKey] | None:
    """Return partition keys; a string is the name of a column."""
    if keys is None:
        return None
    single = isinstance(keys, str | Mapping | models.PartitionKey)
    several = [keys] if single else as_list(keys, "partition_by")
    if "" in several:
        raise InvalidArgument("partition_by names a column that has no name.")
    made = [
        PartitionKey(key) if isinstance(key, str) else model_of(models.PartitionKey, key)
        for key in several
    ]
    return [key for key in made if key is not None]


PartitionLike = models.PartitionKey | str | Mapping[str, Any]


@attrs.frozen(init=False)
class TableSpec:
    """Describe a whole table: to create it, to ensure it, or to plan changes of the live one.

    What is not given is absent: no partitions, no time to live. Only for `description`, and for
    `nullable`, `default` and `comment` of a column, does not giving it mean that any value will do.

    Args:
        name: Name of the table.
        columns: `Column` objects, ``(name, type)`` pairs, mappings by wire name, one mapping of
            names to types, a dataclass, or a pyarrow, pandas or polars object (see
            `Column.from_schema`).
        order_by: Sort key: one to five columns, none of them Nullable.
        primary_key: A prefix of the sort key; if not given, the whole of it.
        partition_by: Columns or `PartitionKey` objects.
        unique_key: Key by which rows are upserted.
        cluster_key: Key by which rows are distributed over buckets.
        sample_by: Sampling expression.
        ttl: How long rows are kept.
        description: Free text.

    Raises:
        InvalidArgument: There is no column or no sort key, or a name is missing or duplicated.
    """

    name: str
    columns: tuple[models.Column, ...]
    order_by: tuple[str, ...]
    primary_key: tuple[str, ...] | None
    partition_by: tuple[models.PartitionKey, ...] | None
    unique_key: models.UniqueKey | None
    cluster_key: models.ClusterKey | None
    sample_by: str | None
    ttl: models.TableTtl | None
    description: str | None

    def __init__(
        self,
        name: str,
        columns: ColumnsLike,
        *,
        order_by: Iterable[str] | str,
        primary_key: Iterable[str] | str | None = None,
        partition_by: Iterable[PartitionLike] | PartitionLike | None = None,
        unique_key: models.UniqueKey | Mapping[str, Any] | None = None,
        cluster_key: models.ClusterKey | Mapping[str, Any] | None = None,
        sample_by: str | None = None,
        ttl: models.TableTtl | Mapping[str, Any] | None = None,
        description: str | None = None,
    ) -> None:
        sort_key = require_names(order_by, "order_by")
        partitions, unique = keys_of(partition_by), model_of(models.UniqueKey, unique_key)
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
            cluster_key=model_of(models.ClusterKey, cluster_key),
            sample_by=sample_by,
            ttl=model_of(models.TableTtl, ttl),
            description=description,
        )

    def request(self) -> models.CreateTableRequest:
        """Return the body that creates the table."""
        return models.CreateTableRequest(
            name=self.name,
            columns=list(self.columns),
            order_by_keys=list(self.order_by),
            primary_keys=None if self.primary_key is None else list(self.primary_key),
            partition_keys=None if self.partition_by is None else list(self.partition_by),
            unique_key=self.unique_key,
            cluster_key=self.cluster_key,
            sampling_key=self.sample_by,
            ttl=self.ttl,
            description=self.description,
        )
