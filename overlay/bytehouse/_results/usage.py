"""Read usage as points in time. How the service lays it out and names it is not documented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, overload

import attrs

from bytehouse_raw.models import KafkaStatus
from bytehouse_raw.types import Model, Timestamp, html_table

from .._core.extras import import_optional
from .._core.html import PREVIEW_ROWS, rows_of
from .._core.json import bare_name
from ..errors import ByteHouseError
from .frames import DtypeBackend, pandas_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_DAY = timedelta(days=1)
_SHOWN = 5


# The names under which the service may have a field, whatever their case and separators.
_NAMES = {
    name: names.split()
    for name, names in {
        "start": "starttime start begintime begin timestamp time date day",
        "end": "endtime end",
        "database": "dbname databasename database name",
        "bytes": "sizeinbytes bytes storagebytes usedbytes size storage",
        "warehouse": "vwname warehousename virtualwarehousename warehouse name",
        "warehouse_id": "vwid warehouseid virtualwarehouseid id",
        "queries": "queries querycount noofqueries",
        "seconds": "runseconds seconds durationseconds runtimeseconds",
        "credits": "credits credit usedcredits cu",
    }.items()
}


@attrs.frozen(kw_only=True)
class StoragePoint:
    """What a database stored. A field is None if the service does not report it (all inferred).

    Attributes:
        start: Beginning of the time that it is about.
        end: End of that time.
        database: Name of the database.
        bytes: Bytes that were stored.
    """

    start: datetime | None = None
    end: datetime | None = None
    database: str | None = None
    bytes: int | None = None


@attrs.frozen(kw_only=True)
class WarehousePoint:
    """What a virtual warehouse computed. A field is None if the service does not report it (all
    inferred).

    Attributes:
        start: Beginning of the time that it is about.
        end: End of that time.
        warehouse: Name of the warehouse.
        warehouse_id: Its id.
        queries: How many queries ran.
        seconds: Seconds in which queries ran.
        credits: What it is charged.
    """

    start: datetime | None = None
    end: datetime | None = None
    warehouse: str | None = None
    warehouse_id: str | None = None
    queries: int | None = None
    seconds: float | None = None
    credits: float | None = None


@attrs.frozen(kw_only=True)
class KafkaPoint:
    """How a Kafka execution read a partition in a window of time (all fields inferred).

    Attributes:
        start: Beginning of the window.
        partition: Number of the partition.
        offset: Offset that was reached.
        lag: Messages that were still waiting.
        speed: Messages per second.
    """

    start: datetime | None = None
    partition: int
    offset: int | None = None
    lag: int | None = None
    speed: float | None = None

    @classmethod
    def of(cls, partition: int, status: KafkaStatus) -> Self:
        """Return what the service reported of a partition."""
        values = (status.timestamp, status.offset, status.lag, status.speed)
        start, offset, lag, speed = map(_value, ("datetime", "int", "int", "float"), values)
        return cls(start=start, partition=partition, offset=offset, lag=lag, speed=speed)


P = TypeVar("P", StoragePoint, WarehousePoint, KafkaPoint)


class Series(Sequence[P], Generic[P]):
    """Points in the order in which the service reported them.

    Attributes:
        kind: Class of a point.
        responses: What they were read from, as received.
    """

    kind: type[P]

    def __init__(self, points: Iterable[P], responses: Sequence[Model] = ()) -> None:
        self._points: tuple[P, ...] = tuple(points)
        self.responses = tuple(responses)

    @overload
    def __getitem__(self, index: int) -> P: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> P | Self:
        if isinstance(index, slice):
            return type(self)(self._points[index], self.responses)
        return self._points[index]

    def __len__(self) -> int:
        return len(self._points)

    def __repr__(self) -> str:
        shown = [f"\n  {point!r}," for point in self._points[:_SHOWN]]
        more = f"\n  ... {len(self) - _SHOWN} more" if len(self) > _SHOWN else ""
        return f"<{type(self).__name__} of {len(self)} points{''.join(shown)}{more}>"

    def _repr_html_(self) -> str:
        names, rows = rows_of(self._points[:PREVIEW_ROWS])
        return html_table(names, rows, f"{type(self).__name__} of {len(self)} points.")

    def to_arrow(self) -> pa.Table:
        """Return the points as an Arrow table, a column for each attribute.

        Raises:
            ConfigError: pyarrow is not installed.
        """
        arrow = import_optional("pyarrow", "arrow")
        types = {
            "datetime": arrow.timestamp("us", "UTC"),
            "str": arrow.string(),
            "int": arrow.int64(),
            "float": arrow.float64(),
        }
        table: pa.Table = arrow.table(
            {
                field.name: arrow.array(
                    [_plain(getattr(point, field.name)) for point in self], types[_type(field)]
                )
                for field in attrs.fields(self.kind)
            }
        )
        return table

    def to_pandas(self, *, dtype_backend: DtypeBackend | None = None) -> pd.DataFrame:
        """Return the points as a pandas frame, as `to_pandas` of a result does.

        Args:
            dtype_backend: ``numpy_nullable`` or ``pyarrow`` for types of that kind throughout.

        Raises:
            ConfigError: pandas or pyarrow is not installed.
        """
        return pandas_frame(self.to_arrow(), dtype_backend)

    def _sums(self, key: str, measure: str) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for point in self._points:
            value = getattr(point, measure)
            if value is not None:
                name = _day(point) if key == "day" else getattr(point, key)
                found[name] = found.get(name, 0) + value
        return found


class StorageSeries(Series[StoragePoint]):
    """What was stored, by database and time."""

    kind = StoragePoint

    def by_day(self) -> dict[date, int]:
        """Return the bytes of all databases together, by day in UTC.

        Raises:
            ByteHouseError: The points are not about single days: ask with ``daily=True``.
        """
        return self._sums("day", "bytes")

    def by_database(self) -> dict[str | None, float]:
        """Return the bytes of each database; of several times, their mean."""
        times = len({point.start for point in self if point.bytes is not None}) or 1
        return {name: total / times for name, total in self._sums("database", "bytes").items()}


class WarehouseSeries(Series[WarehousePoint]):
    """What virtual warehouses computed, by warehouse and time."""

    kind = WarehousePoint

    def by_day(
        self, measure: Literal["credits", "seconds", "queries"] = "credits"
    ) -> dict[date, float]:
        """Return a sum over all warehouses, by day in UTC.

        Args:
            measure: What to sum up.

        Raises:
            ByteHouseError: The points are not about single days: ask with ``daily=True``.
        """
        return self._sums("day", measure)

    def by_warehouse(
        self, measure: Literal["credits", "seconds", "queries"] = "credits"
    ) -> dict[str | None, float]:
        """Return a sum over the whole time, by the name of the warehouse.

        Args:
            measure: What to sum up.
        """
        return self._sums("warehouse", measure)


class KafkaSeries(Series[KafkaPoint]):
    """How a Kafka execution read partitions, window by window."""

    kind = KafkaPoint

    def lag(self) -> dict[int, int]:
        """Return the last lag of each partition."""
        return {point.partition: point.lag for point in self if point.lag is not None}


def points_of(
    kind: type[P], data: Model, start: datetime | None, end: datetime | None
) -> Iterator[P]:
    """Yield the points in the data of a response.

    An entry is an object in the innermost list of objects; it has the fields of what contains it
    too. Without a list, the data is the only entry.

    Args:
        kind: Class of a point.
        data: The data.
        start: Beginning of the time that was asked about, for entries without a time.
        end: End of that time.
    """
    for entry in _entries(data.to_dict(), {}):
        known = {bare_name(name): value for name, value in entry.items()}
        values: dict[str, Any] = {}
        for field in attrs.fields(kind):
            found = (known[name] for name in _NAMES[field.name] if name in known)
            values[field.name] = _value(_type(field), next(found, None))
        if values["start"] is None:
            values |= {"start": start, "end": end}
        yield kind(**values)


def _entries(data: object, outer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for item in data:
            yield from _entries(item, outer)
    elif isinstance(data, Mapping):
        lists = [value for value in data.values() if _is_list_of_objects(value)]
        own = {name: value for name, value in data.items() if not isinstance(value, list)}
        if lists:
            yield from _entries(lists[0], {**outer, **own})
        elif own:
            yield {**outer, **own}


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _type(field: attrs.Attribute[Any]) -> str:
    """Return the name of a field's type without None."""
    return str(field.type).partition(" ")[0]


def _value(type_: str, value: object) -> Any:
    """Return a value of a type; None if it is another."""
    if type_ == "datetime":
        value = Timestamp.decode(f"{value}T00:00:00Z" if _is_date(value) else value)
        return value if isinstance(value, datetime) else None
    if type_ == "str":
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if type_ == "float" else int(value)


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or len(value) != len("2026-01-01"):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    # Arrow reads the nanoseconds of a subclass, which do not fit.
    return datetime.fromisoformat(value.isoformat()) if isinstance(value, Timestamp) else value


def _day(point: StoragePoint | WarehousePoint | KafkaPoint) -> date:
    start, end = point.start, getattr(point, "end", None)
    if start is None or (end is not None and end - start > _DAY):
        raise ByteHouseError(
            "The points are not about single days.", hint="Ask for each day: daily=True."
        )
    return start.date()
