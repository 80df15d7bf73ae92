# Derived from overlay/bytehouse/_async/session.py by `make generate`. Do not edit.
"""Run statements that share a session."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self, Unpack

from bytehouse_raw.models import QueryResult, QueryStopped

from .._core.html import HtmlRepr
from .._core.options import CallOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.config import Mode
    from .client import ByteHouse
    from .result import Result


class Session(HtmlRepr):
    """Run statements one after another in one session, so that `USE` and `SET` stay in effect.

    Example:
        with client.session() as session:
            session.execute("USE sales")
            [result] = session.execute("SELECT count() FROM orders")

    Leaving the block sends nothing: the API has no operation that ends a session.

    Attributes:
        id: Id of the session; it is sent in the header ``X-QuerySession-ID``.
    """

    def __init__(self, client: ByteHouse, session_id: str | None) -> None:
        self._client = client
        self.id = session_id or str(uuid.uuid4())

    def execute(
        self,
        sql: str,
        *,
        mode: Mode | None = None,
        warehouse: str | None = None,
        query_id: str | None = None,
        max_rows: int | None = None,
        **options: Unpack[CallOptions],
    ) -> list[QueryResult]:
        """Run one or more statements in the session; see `queries.execute`.

        `POST /v1/sql/sync` (documented)

        Args:
            sql: One statement, or several with ``;`` between.
            mode: SQL dialect; the client's if not given.
            warehouse: Name or id of the virtual warehouse to run on; the client's if not given.
            query_id: Id to give the query.
            max_rows: At most so many rows per result; 0 means all.
            **options: Options of the call.
        """
        return self._client.queries.execute(
            sql,
            mode=mode,
            warehouse=warehouse,
            query_id=query_id,
            session_id=self.id,
            max_rows=max_rows,
            **options,
        )

    def query(
        self,
        sql: str,
        *,
        params: Mapping[str, object] | None = None,
        mode: Mode | None = None,
        warehouse: str | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
        progress: bool = False,
        query_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Result:
        """Run one or more statements in the session and return the result of the first.

        `POST /v1/sql/sync` (documented)

        Args:
            sql: One statement, or several with ``;`` between.
            params: Values for its parameters.
            mode: SQL dialect; the client's if not given.
            warehouse: Name or id of the virtual warehouse to run on; the client's if not given.
            max_rows: At most so many rows per result; 0 means all.
            async_after: Seconds after which the service continues it in the background (inferred).
            progress: Whether to show progress, in a terminal or a notebook.
            query_id: Id to give the query.
            **options: Options of the call; see `query` of the client.
        """
        return self._client.query(
            sql,
            params=params,
            mode=mode,
            warehouse=warehouse,
            max_rows=max_rows,
            async_after=async_after,
            progress=progress,
            query_id=query_id,
            session_id=self.id,
            **options,
        )

    def abort(self, **options: Unpack[CallOptions]) -> QueryStopped:
        """Abort what runs in the session; see `queries.abort`.

        `DELETE /v1/sql/sync` (inferred)

        Args:
            **options: Options of the call.
        """
        return self._client.queries.abort(self.id, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the block."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"
