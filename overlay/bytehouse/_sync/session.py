# Derived from overlay/bytehouse/_async/session.py by `make generate`. Do not edit.
"""Run statements that share a session."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self, Unpack

from bytehouse_raw.models import QueryResult, QueryStopped

from .._core.arguments import check_arguments
from .._core.html import HtmlRepr
from .._core.options import CallOptions, StatementOptions, ViewOptions, view_options
from .._core.validation import require_name
from .._sql.literals import Identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from .client import ByteHouse
    from .result import Result


@check_arguments
class Session(HtmlRepr):
    """Run statements one after another in one session, so that `USE` and `SET` stay in effect.

    Example:
        with client.session(database="sales") as session:
            session.execute("SET max_threads = 4")
            [result] = session.execute("SELECT count() FROM orders")

    Leaving the block sends nothing: the API has no operation that ends a session.

    Attributes:
        id: Id of the session; it is sent in the header ``X-QuerySession-ID``.
    """

    def __init__(
        self, client: ByteHouse, session_id: str | None, database: str | None = None
    ) -> None:
        self._client = client
        self._database = database  # to be chosen with the first statement
        self.id = require_name(session_id or str(uuid.uuid4()), "session_id")

    def use(self, name: str, **options: Unpack[ViewOptions]) -> None:
        """Make a database that of the statements that follow, by `USE`.

        `POST /v1/sql/sync` (documented)

        Args:
            name: Name of the database.
            **options: Options of the call.

        Raises:
            QueryFailed: There is no such database.
        """
        sql = f"USE {Identifier(name)}"
        self._client.queries.execute(sql, session_id=self.id, **options)
        self._database = None

    def execute(
        self,
        sql: str | PathLike[str],
        *,
        max_rows: int | None = None,
        **options: Unpack[StatementOptions],
    ) -> list[QueryResult]:
        """Run one or more statements in the session; see `queries.execute`.

        `POST /v1/sql/sync` (documented)

        Args:
            sql: One statement, or several with ``;`` between; or the path of a file with them.
            max_rows: At most so many rows per result; 0 means all.
            **options: Options of the statements and of the call.
        """
        self._use_first(options)
        return self._client.queries.execute(sql, session_id=self.id, max_rows=max_rows, **options)

    def query(
        self,
        sql: str | PathLike[str],
        *,
        params: Mapping[str, object] | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
        progress: bool = False,
        **options: Unpack[StatementOptions],
    ) -> Result:
        """Run one or more statements in the session and return the result of the first that returns
        rows.

        `POST /v1/sql/sync` (documented)

        Args:
            sql: One statement, or several with ``;`` between; or the path of a file with them.
            params: Values for its parameters.
            max_rows: At most so many rows per result; 0 means all.
            async_after: Seconds after which the service continues it in the background (inferred).
            progress: Whether to show progress, in a terminal or a notebook.
            **options: Options of the statements and of the call; see `query` of the client.
        """
        self._use_first(options)
        return self._client.query(
            sql,
            params=params,
            max_rows=max_rows,
            async_after=async_after,
            progress=progress,
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

    def _use_first(self, options: StatementOptions) -> None:
        """Choose the database that the session begins with, before its first statement."""
        if self._database is not None:
            its_own: StatementOptions = {**options, "database": None, "settings": {}}
            self.use(self._database, **view_options(its_own))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the block."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"
