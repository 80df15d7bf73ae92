# Derived from overlay/bytehouse/_async/resources/views.py by `make generate`. Do not edit.
"""Views and materialized views of a database."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.databases import (
    get_materialized_view,
    list_materialized_views,
    list_tables_and_views,
)
from bytehouse_raw.models import Table

from ..._core.options import CallOptions
from ..paginator import Pager
from ._base import Resource


class Views(Resource):
    """List views and read materialized views. Statements create and drop them.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(
        self,
        database: str,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Table]:
        """Iterate over the tables and the views of a database; `type` distinguishes them.

        `GET /v1/databases/{db_name}/tables-views` (inferred, and so are the fields of an entry)

        Args:
            database: Name of the database.
            filter: Keeps the entries that match; how the service matches is not documented.
            limit: At most so many entries in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        plan = list_tables_and_views.plan(database, filter_=filter)
        return self._list(plan, options, limit, page_size)

    def materialized(
        self,
        database: str,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Table]:
        """Iterate over the materialized views of a database.

        `GET /v1/databases/{db_name}/materialized-views` (inferred, and so are the fields of a view)

        Args:
            database: Name of the database.
            filter: Keeps the views that match; how the service matches is not documented.
            limit: At most so many views in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        plan = list_materialized_views.plan(database, filter_=filter)
        return self._list(plan, options, limit, page_size)

    def get_materialized(self, database: str, name: str, **options: Unpack[CallOptions]) -> Table:
        """Return one materialized view.

        `GET /v1/databases/{db_name}/materialized-views/{mv_name}` (inferred, and so are the fields
        of a view)

        Args:
            database: Name of the database.
            name: Name of the materialized view.
            **options: Options of the call.

        Raises:
            NotFound: There is no such view.
        """
        return self._data(get_materialized_view.plan(database, name), options)
