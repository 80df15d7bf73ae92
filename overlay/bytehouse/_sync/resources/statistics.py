# Derived from overlay/bytehouse/_async/resources/statistics.py by `make generate`. Do not edit.
"""What a query cost."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.statistics import get_query_statistics
from bytehouse_raw.models import QueryStatistics

from ..._core.options import CallOptions
from ._base import Resource


class Statistics(Resource):
    """Read what queries cost.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def query(self, query_id: str, **options: Unpack[CallOptions]) -> QueryStatistics:
        """Return what a query read, wrote and cost.

        `GET /v1/statistics/queries/{id}` (inferred; no field of the response is documented:
        they are all in `additional_properties`)

        Args:
            query_id: Id of the query.
            **options: Options of the call.

        Raises:
            NotFound: There is no such query, or it is no longer kept.
        """
        return self._data(get_query_statistics.plan(query_id), options)
