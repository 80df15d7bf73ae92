"""What a query cost."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.statistics import get_query_statistics
from bytehouse_raw.models import QueryStatistics

from ..._core.options import CallOptions
from ._base import AsyncResource


class AsyncStatistics(AsyncResource):
    """Read what queries cost.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    async def query(self, query_id: str, **options: Unpack[CallOptions]) -> QueryStatistics:
        """Return what a query read, wrote and cost.

        `GET /v1/statistics/queries/{id}` (inferred; no field of the response is documented:
        they are all in `additional_properties`)

        Args:
            query_id: Id of the query.
            **options: Options of the call.

        Raises:
            NotFound: There is no such query, or it is no longer kept.
        """
        return await self._data(get_query_statistics.plan(query_id), options)
