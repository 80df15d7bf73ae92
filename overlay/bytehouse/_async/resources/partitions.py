"""Partitions of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from bytehouse_raw.api.databases import delete_partitions, get_partition_bounds, list_partitions
from bytehouse_raw.models import DeletePartitionsRequest, Partition, PartitionBounds

from ..._core.options import CallOptions
from ..._core.validation import require_names
from ..paginator import AsyncPager
from ._base import AsyncResource


class AsyncPartitions(AsyncResource):
    """List and drop the partitions of a table.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`, `NotFound` where
    there is no such table.
    """

    def list(
        self,
        database: str,
        table: str,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[Partition]:
        """Iterate over the partitions of a table.

        `GET /v1/databases/{db_name}/tables/{table_name}/partitions` (inferred, and so are the
        fields of a partition)

        Args:
            database: Name of the database.
            table: Name of the table.
            filter: Keeps the partitions that match; how the service matches is not documented.
            limit: At most so many partitions in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(
            list_partitions.plan(database, table, filter_=filter), options, limit, page_size
        )

    async def delete(
        self, database: str, table: str, names: Iterable[str] | str, **options: Unpack[CallOptions]
    ) -> None:
        """Drop partitions with their rows.

        `DELETE /v1/databases/{db_name}/tables/{table_name}/partitions` (inferred)

        Args:
            database: Name of the database.
            table: Name of the table.
            names: Names of the partitions, as `list` returns them in `partition`.
            **options: Options of the call.

        Raises:
            InvalidArgument: There is no name, or one is empty; nothing was sent.
        """
        body = DeletePartitionsRequest(partition_names=require_names(names, "names"))
        await self._send(delete_partitions.plan(database, table, body=body), options)

    async def bounds(
        self, database: str, table: str, **options: Unpack[CallOptions]
    ) -> PartitionBounds:
        """Return the first and the last partition when their names are sorted.

        `GET /v1/databases/{db_name}/tables/{table_name}/partitions/minmax` (inferred, and so are
        the fields)

        Args:
            database: Name of the database.
            table: Name of the table.
            **options: Options of the call.
        """
        return await self._data(get_partition_bounds.plan(database, table), options)
