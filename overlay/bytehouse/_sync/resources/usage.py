# Derived from overlay/bytehouse/_async/resources/usage.py by `make generate`. Do not edit.
"""What was stored and computed."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.usage import get_storage_usage, get_warehouse_usage
from bytehouse_raw.models import StorageUsage, WarehouseUsage

from ..._core.options import CallOptions
from ..._core.times import TimestampInput, time_range
from ..._core.validation import require_name
from ._base import Resource


class Usage(Resource):
    """Read what was used within a period of time.

    A time is an aware datetime; a date, which is its midnight in UTC; a string with a time zone,
    such as ``2021-11-23T09:23:55.840932013Z``, whose nanoseconds are kept; or a timedelta or a
    string such as ``7d``, which means that long before now. A time without a zone is refused: it
    could be hours off. The methods take the options of a call (`role`, `timeout`,
    `deadline`, `max_retries`, `headers`; see `CallOptions`) and raise the errors of
    `ByteHouse.send`.
    """

    def storage(
        self,
        start: TimestampInput,
        end: TimestampInput | None = None,
        *,
        database: str | None = None,
        **options: Unpack[CallOptions],
    ) -> StorageUsage:
        """Return what was stored.

        `GET /v1/usage/storage` (inferred; no field of the response is documented: they are all in
        `additional_properties`)

        Args:
            start: Beginning of the time.
            end: End of the time; now if not given.
            database: Name of a database to restrict it to.
            **options: Options of the call.

        Raises:
            InvalidArgument: A time is unclear, or `start` is not before `end`; nothing was sent.
        """
        begins, ends = time_range(start, end, self._clock.now())
        plan = get_storage_usage.plan(
            start_time=begins,
            end_time=ends,
            db_name=None if database is None else require_name(database, "database"),
        )
        return self._data(plan, options)

    def warehouse(
        self,
        start: TimestampInput,
        end: TimestampInput | None = None,
        *,
        warehouse: str | None = None,
        **options: Unpack[CallOptions],
    ) -> WarehouseUsage:
        """Return what the virtual warehouses computed.

        `GET /v1/usage/vw` (inferred; no field of the response is documented: they are all in
        `additional_properties`)

        Args:
            start: Beginning of the time.
            end: End of the time; now if not given.
            warehouse: Name of a warehouse to restrict it to. The client's default is an id, and is
                not used.
            **options: Options of the call.

        Raises:
            InvalidArgument: A time is unclear, or `start` is not before `end`; nothing was sent.
        """
        begins, ends = time_range(start, end, self._clock.now())
        plan = get_warehouse_usage.plan(
            start_time=begins,
            end_time=ends,
            vw_name=None if warehouse is None else require_name(warehouse, "warehouse"),
        )
        return self._data(plan, options)
