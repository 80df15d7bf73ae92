"""Describe tables the way Python code likes to, and turn that into what the API takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from bytehouse_raw import models
from bytehouse_raw.types import Model

from ._errors import InvalidArgument

__all__ = [
    "TTL",
    "ClusterKey",
    "Column",
    "ColumnLike",
    "PartitionKey",
    "UniqueKey",
    "columns_of",
    "keys_of",
    "model_of",
    "name_of",
    "names_of",
]

M = TypeVar("M", bound=Model)


class Column(models.Column):
    """Describe a column: its name, its ClickHouse type, and what else there is to say.

    Args:
        name: Name.
        type: ClickHouse type, such as ``UInt64`` or ``DateTime64(3, 'UTC')``.
        nullable: Whether NULL is a value of it; left out, the service decides.
        default: Default value, as text.
        comment: Free text.
        **other: Further fields of the service, by their name on the wire.
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


class PartitionKey(models.PartitionKey):
    """Describe one part of a partition key.

    Args:
        column: Name of the column.
        granularity: Unit to cut time into: ``day`` or ``month`` for a Date; ``minute``, ``hour``,
            ``day`` or ``month`` for a DateTime. None takes the value as it is.
        expression: The same as an expression, ``toStartOfDay(`d`)``.
        **other: Further fields of the service, by their name on the wire.
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
        column: Date or DateTime column that the age is told from.
        value: How many units.
        unit: Unit, such as ``DAY``.
        **other: Further fields of the service, by their name on the wire.
    """

    def __init__(self, column: str, value: int, unit: str = "DAY", **other: Any) -> None:
        super().__init__(column=column, value=value, unit=unit, additional_properties=other)


class UniqueKey(models.UniqueKey):
    """Describe the key that rows are upserted by. The docs do not show the fields of this object
    (inferred).

    Args:
        *columns: Names of the columns.
        expression: The same as an expression.
        **other: Further fields of the service, by their name on the wire.
    """

    def __init__(self, *columns: str, expression: str | None = None, **other: Any) -> None:
        super().__init__(
            columns=list(columns) or None, expression=expression, additional_properties=other
        )


class ClusterKey(models.ClusterKey):
    """Describe the key that rows are spread over buckets by. The docs do not show its fields
    (inferred).

    Args:
        expression: Column or expression.
        buckets: How many buckets, at least 1.
        **other: Further fields of the service, by their name on the wire.
    """

    def __init__(self, expression: str, buckets: int, **other: Any) -> None:
        super().__init__(expr=expression, num_buckets=buckets, additional_properties=other)


ColumnLike = models.Column | tuple[str, str] | Mapping[str, Any]


def model_of(kind: type[M], value: M | Mapping[str, Any] | None) -> M | None:
    """Return a model; a mapping is read by its names on the wire, and unknown ones are passed
    on."""
    if value is None or isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        return kind.from_dict(value)
    raise InvalidArgument(f"{value!r} is no {kind.__name__} and no mapping.")


def columns_of(
    columns: Iterable[ColumnLike] | Mapping[str, str], what: str = "columns"
) -> list[models.Column]:
    """Return the columns of a table.

    Raises:
        InvalidArgument: There is no column, one has no name or type, or two have the same name.
    """
    if isinstance(columns, Mapping):
        columns = list(columns.items())
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise InvalidArgument(
            f"{what} must be columns, (name, type) pairs or a mapping of names to types."
        )
    found = [_column(column, what) for column in columns]
    if not found:
        raise InvalidArgument(f"{what} is empty: a table needs at least one column.")
    names = [column.name for column in found]
    twice = sorted({name for name in names if name is not None and names.count(name) > 1})
    if twice:
        raise InvalidArgument(f"{what} names twice: {', '.join(twice)}.")
    return found


def _column(value: ColumnLike, what: str) -> models.Column:
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument(f"{what}: {value!r} is no (name, type) pair.")
        value = Column(*value)
    column = model_of(models.Column, value)
    if column is None or not all(
        isinstance(t, str) and t.strip() for t in (column.name, column.type_)
    ):
        raise InvalidArgument(f"{what}: {value!r} lacks a name or a type.")
    return column


def name_of(name: str, what: str) -> str:
    """Return a name that a body can carry.

    Raises:
        InvalidArgument: It is empty, ``.`` or ``..``, or no text.
    """
    if not isinstance(name, str) or name.strip() in ("", ".", ".."):
        raise InvalidArgument(f"{what} must be a name, not {name!r}.")
    return name


def names_of(names: Iterable[str] | str, what: str) -> list[str]:
    """Return a list of names; a single name may be given as it is.

    Raises:
        InvalidArgument: There is none, or one is not a text or empty.
    """
    found = [names] if isinstance(names, str) else list(names)
    if not found or not all(isinstance(name, str) and name for name in found):
        raise InvalidArgument(f"{what} must be one name or several, none of them empty.")
    return found


def keys_of(
    keys: Iterable[PartitionLike] | PartitionLike | None,
) -> list[models.PartitionKey] | None:
    """Return partition keys; a text is the name of a column."""
    if keys is None:
        return None
    several = [keys] if isinstance(keys, str | Mapping | models.PartitionKey) else list(keys)
    made = [
        PartitionKey(key) if isinstance(key, str) else model_of(models.PartitionKey, key)
        for key in several
    ]
    return [key for key in made if key is not None]


PartitionLike = models.PartitionKey | str | Mapping[str, Any]
