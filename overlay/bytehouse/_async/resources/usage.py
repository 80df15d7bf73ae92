"""What was stored and computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from bytehouse_raw.api.usage import get_storage_usage, get_warehouse_usage
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, Timestamp

from ..._core.options import CallOptions
from ..._core.times import TimestampInput, day_ranges, time_range
from ..._core.validation import require_name
from ..warehouse_ids import warehouse_name
from ._base import AsyncResource

if TYPE_CHECKING:
    from ..._results.usage import P, StorageSeries, WarehouseSeries


class AsyncUsage(AsyncResource):
    """Read what was used within a period of time.

    Example:
        usage = await client.usage.warehouse("30d", daily=True)
        print(usage.by_day(), usage.by_warehouse("seconds"))
        frame = usage.to_pandas()

    A time is an aware datetime; a date, which is its midnight in UTC; a string with a time zone,
    such as ``2021-11-23T09:23:55.840932013Z``, whose nanoseconds are kept; or a timedelta or a
    string such as ``7d``, which means that long before now. A time without a zone is refused: it
    could be hours off. No field of the responses is documented: the likely ones are read
    (inferred), and `responses` has them as received. The methods take the options of a call
    (`role`, `timeout`, `deadline`, `max_retries`, `headers`; see `CallOptions`) and raise the
    errors of `AsyncByteHouse.send`.
    """

    async def storage(
        self,
        start: TimestampInput,
        end: TimestampInput | None = None,
        *,
        database: str | None = None,
        daily: bool = False,
        **options: Unpack[CallOptions],
    ) -> StorageSeries:
        """Return what was stored.

        `GET /v1/usage/storage` (inferred), with `daily` once for each day

        Args:
            start: Beginning of the time.
            end: End of the time; now if not given.
            database: Name of a database to restrict it to.
            daily: Whether to ask for each day in UTC by itself, so that there are sums by day.
            **options: Options of each call.

        Returns:
            Points of bytes, by database and time.

        Raises:
            InvalidArgument: A time is unclear, `start` is not before `end`, or there are more than
                400 days; nothing was sent.
        """
        from ..._results.usage import StoragePoint, StorageSeries

        name = None if database is None else require_name(database, "database")

        def plan(begins: str, ends: str) -> Plan[Any]:
            return get_storage_usage.plan(start_time=begins, end_time=ends, db_name=name)

        ranges = self._ranges(start, end, daily=daily)
        return StorageSeries(*await self._points(StoragePoint, plan, ranges, options))

    async def warehouse(
        self,
        start: TimestampInput,
        end: TimestampInput | None = None,
        *,
        warehouse: str | None = None,
        daily: bool = False,
        **options: Unpack[CallOptions],
    ) -> WarehouseSeries:
        """Return what the virtual warehouses computed.

        `GET /v1/usage/vw` (inferred), with `daily` once for each day

        Args:
            start: Beginning of the time.
            end: End of the time; now if not given.
            warehouse: Name or id of a warehouse to restrict it to. The client's default is not
                used.
            daily: Whether to ask for each day in UTC by itself, so that there are sums by day.
            **options: Options of each call.

        Returns:
            Points of queries, seconds and credits, by warehouse and time.

        Raises:
            InvalidArgument: A time is unclear, `start` is not before `end`, or there are more than
                400 days; nothing was sent.
        """
        from ..._results.usage import WarehousePoint, WarehouseSeries

        ranges = self._ranges(start, end, daily=daily)
        name = None
        if warehouse is not None:
            name = await warehouse_name(self._client, require_name(warehouse, "warehouse"), options)

        def plan(begins: str, ends: str) -> Plan[Any]:
            return get_warehouse_usage.plan(start_time=begins, end_time=ends, vw_name=name)

        return WarehouseSeries(*await self._points(WarehousePoint, plan, ranges, options))

    def _ranges(
        self, start: TimestampInput, end: TimestampInput | None, *, daily: bool
    ) -> list[tuple[str, str]]:
        found = time_range(start, end, self._clock.now())
        return day_ranges(*found) if daily else [found]

    async def _points(
        self,
        kind: type[P],
        plan: Callable[[str, str], Plan[Any]],
        ranges: list[tuple[str, str]],
        options: CallOptions,
    ) -> tuple[list[P], list[Model]]:
        """Return the points in the responses about some periods, and these."""
        from ..._results.usage import points_of

        points: list[P] = []
        responses: list[Model] = []
        for begins, ends in ranges:
            data: Model = await self._data(plan(begins, ends), options)
            responses.append(data)
            points += points_of(kind, data, Timestamp.decode(begins), Timestamp.decode(ends))
        return points, responses
