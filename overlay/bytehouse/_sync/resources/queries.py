# Derived from overlay/bytehouse/_async/resources/queries.py by `make generate`. Do not edit.
"""Statements: run at once, or in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from bytehouse_raw.api.queries import (
    abort_sync_query,
    get_async_query_result,
    get_async_query_status,
    get_query_lineage,
    kill_async_query,
    kill_sync_query,
    list_dialects,
    submit_async_query,
    submit_sync_query,
)
from bytehouse_raw.models import (
    GetQueryLineageRequest,
    QueryLineage,
    QueryResult,
    QueryStatus,
    QueryStopped,
    UserInfo,
)

from ..._api.lists import data_error, has_data
from ..._core.options import CallOptions, StatementOptions, ViewOptions, call_options
from ..._core.validation import require_name
from ..._sql.history import profile_statement
from ..._sql.statements import (
    Submission,
    extract_query_ids,
    extract_results,
    new_query_id,
    statement_text,
)
from ..._tables.spec import model_of
from ...errors import NotFound
from ..cancellation import cancel_on_early_exit
from ..paginator import Pager
from ..query_handle import QueryHandle
from ..result import run_submission
from ..warehouse_ids import with_warehouse_id
from ._base import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


class Queries(Resource):
    """Run statements, watch them and stop them.

    A statement is submitted once: it is retried only if it certainly never reached the service.
    Each has a query id, generated if you give none. The methods take the options of a call
    (`role`, `timeout`, `deadline`, `max_retries`, `headers`; see `CallOptions`) and raise the
    errors of `ByteHouse.send`.
    """

    def execute(
        self,
        sql: str | PathLike[str],
        *,
        session_id: str | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
        **options: Unpack[StatementOptions],
    ) -> list[QueryResult]:
        """Run one or more statements and return their results, one per statement (inferred).

        `POST /v1/sql/sync` (documented; the shape of a result is not, so its fields are inferred)

        An attempt may take as long as the whole call: `timeout` is the deadline unless you give
        one. If the wait ends early (time-out, Ctrl-C, cancelled task), the query is killed on the
        service before the error is raised.

        Args:
            sql: One statement, or several with ``;`` between; or the path of a file with them.
            session_id: Session to run in; what `USE` and `SET` change holds for the whole session.
            max_rows: At most so many rows per result; 0 means all.
            async_after: Seconds after which the query continues in the background; the response
                then names it and has no rows (inferred).
            **options: Options of the statements and of the call, as of `ByteHouse.query`.

        Raises:
            QueryFailed: The engine could not run a statement.
            TimedOut: A statement that only reads took too long, and was stopped on the service.
            OutcomeUnknown: No response was received; whether the statement ran is not known.
        """
        submission = Submission.create(
            sql,
            self._client._options,
            self._client._merge_context(options),
            session_id=session_id,
            max_rows=max_rows,
            async_after=async_after,
        )
        submission = with_warehouse_id(self._client, submission)
        with cancel_on_early_exit(self._client, submission):
            plan = submit_sync_query.plan(
                body=submission.body(), x_query_session_id=submission.session_id
            )
            response = self._send(plan, submission.options)
        if not has_data(response) and submission.only_reads:
            raise data_error(response, plan.operation.id, "the response has no data")
        return extract_results(response.data, uses_database=submission.uses_database)

    def submit(
        self,
        sql: str | PathLike[str],
        *,
        params: Mapping[str, object] | None = None,
        **options: Unpack[StatementOptions],
    ) -> QueryHandle:
        """Submit one or more statements to run in the background.

        `POST /v1/sql/async` (inferred, and so are the fields of the response)

        Args:
            sql: One statement, or several with ``;`` between; or the path of a file with them.
            params: Values for its parameters, as for `ByteHouse.query`.
            **options: Options of the statements and of the call, as of `ByteHouse.query`; the
                handle's calls take the options of the call too.

        Returns:
            A handle to them; a wait on it that ends early cancels them, unless `cancel` says
            otherwise. So does Ctrl-C, or the end of the task, while they are being submitted.

        Raises:
            OutcomeUnknown: No response was received; whether the statement runs is not known.
                `query_id` names it; it is not cancelled.
        """
        options = self._client._merge_context(options)
        submission = Submission.create(sql, self._client._options, options, params=params)
        submission = with_warehouse_id(self._client, submission)
        call = call_options(options)
        plan = submit_async_query.plan(body=submission.background_body())
        client = self._client._redacting(submission.secrets)
        with cancel_on_early_exit(client, submission, in_background=True, when_unknown=False):
            response = client.send(plan, **call)
        ids = extract_query_ids(response.data, submission.query_id)
        return QueryHandle(client, ids, call, started=True)

    def handle(self, *query_ids: str, **options: Unpack[CallOptions]) -> QueryHandle:
        """Return a handle to queries that were submitted elsewhere. Sends nothing.

        A wait on it that ends early leaves the queries running, unless `cancel` says otherwise.

        Args:
            *query_ids: Id of the query, or of several that are watched together.
            **options: Options of the handle's calls; it takes the role.

        Raises:
            InvalidArgument: There is no id, or one is empty.
        """
        return QueryHandle(self._client, query_ids, options)

    def status(self, query_id: str, **options: Unpack[CallOptions]) -> QueryStatus:
        """Return the status of an asynchronous query.

        `GET /v1/sql/async/{id}/status` (inferred, and so are the fields of the response)

        Args:
            query_id: Id of the query.
            **options: Options of the call.

        Raises:
            NotFound: There is no such query, or it is no longer kept.
        """
        return self._data(get_async_query_status.plan(query_id), options)

    def result(
        self, query_id: str, *, max_rows: int | None = None, **options: Unpack[CallOptions]
    ) -> list[QueryResult]:
        """Return the results of an asynchronous query that has finished.

        `GET /v1/sql/async/{id}/result` (inferred, and so is the shape of the results)

        Args:
            query_id: Id of the query.
            max_rows: At most so many rows per result; 0 means all.
            **options: Options of the call.

        Raises:
            APIError: The query has not finished, failed, or is no longer kept.
        """
        plan = get_async_query_result.plan(query_id, max_rows_return=max_rows)
        return extract_results((self._send(plan, options)).data)

    def kill(self, query_id: str, **options: Unpack[CallOptions]) -> QueryStopped:
        """Stop a synchronous query by its id. Whether stopping one that has ended is an error is
        not documented.

        `DELETE /v1/sql/sync/{id}` (inferred, and so are the fields of the response)

        Args:
            query_id: Id of the query.
            **options: Options of the call.
        """
        return self._data(kill_sync_query.plan(query_id), options, QueryStopped())

    def kill_async(self, query_id: str, **options: Unpack[CallOptions]) -> QueryStopped:
        """Stop an asynchronous query by its id. Whether stopping one that has ended is an error is
        not documented; `cancel` of a handle is none.

        `DELETE /v1/sql/async/{id}` (inferred, and so are the fields of the response)

        Args:
            query_id: Id of the query.
            **options: Options of the call.
        """
        return self._data(kill_async_query.plan(query_id), options, QueryStopped())

    def abort(self, session_id: str, **options: Unpack[CallOptions]) -> QueryStopped:
        """Stop what runs in a session.

        `DELETE /v1/sql/sync` (inferred; that the session header names the target is inferred too)

        Args:
            session_id: Id of the session.
            **options: Options of the call.
        """
        plan = abort_sync_query.plan(x_query_session_id=require_name(session_id, "session_id"))
        return self._data(plan, options, QueryStopped())

    def profile(self, query_id: str, **options: Unpack[ViewOptions]) -> dict[str, Any]:
        """Return all that ``system.query_log`` has of a query that has ended, by column.

        `POST /v1/sql/sync` (documented; that there is this log, with the columns of the open-source
        engine, is inferred)

        `ByteHouse.history` lists queries; `statistics.query` asks the API instead of the log.

        Args:
            query_id: Id of the query.
            **options: Options of the statement and of the call, as of `ByteHouse.query`.

        Raises:
            NotFound: The log has no such query, or not yet.
            PermissionDenied: The role may not read the log.
        """
        merged: StatementOptions = {
            "settings": {},
            "query_id": new_query_id(),
            **self._client._merge_context(options),
        }
        statement = profile_statement(query_id)
        submission = Submission.create(statement, self._client._options, merged)
        result = run_submission(self._client, submission, timeout=submission.deadline)
        with result:
            for row in result.mappings():
                return row
        raise NotFound(
            "The query log has no such query.",
            hint="The engine writes its log after some seconds, and keeps it for some days.",
            operation="submit_sync_query",
            query_id=query_id,
        )

    def lineage(
        self,
        sql: str,
        *,
        user_info: UserInfo | Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> QueryLineage:
        """Return the tables and views that a statement reads, without running it.

        `POST /v1/sql/lineage` (inferred, and so are the fields of the response)

        Args:
            sql: The statement.
            user_info: The user to act as; its fields are not documented.
            **options: Options of the call.
        """
        body = GetQueryLineageRequest(
            query=statement_text(sql), user_info=model_of(UserInfo, user_info)
        )
        return self._data(get_query_lineage.plan(body=body), options)

    def dialects(self, **options: Unpack[CallOptions]) -> Pager[Any]:
        """List the dialects that the user may choose.

        `GET /v1/sql/dialects` (inferred; what an element looks like is not documented)

        Args:
            **options: Options of the call.
        """
        return self._list(list_dialects.plan(), options)
