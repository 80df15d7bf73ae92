# Derived from overlay/bytehouse/_async/query_handle.py by `make generate`. Do not edit.
"""Watch a query that runs in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bytehouse_raw.models import QueryStatus

from .._api.engine_errors import engine_code, engine_hint
from .._api.polling import GRACE, TimeLimit
from .._api.status import Phase
from .._core.arguments import check_arguments
from .._core.options import CallOptions, Seconds
from .._core.validation import require_names
from .._sql.statements import Submission
from ..errors import ByteHouseError, QueryFailed
from .poller import Poller

if TYPE_CHECKING:
    from .resource_client import ResourceClient
    from .result import Result


@check_arguments
class QueryHandle(Poller[QueryStatus]):
    """Watch a query: poll its status, wait for it, read its results, cancel it.

    Get one from `queries.submit`, or in another process from `queries.handle(id)`.

    Attributes:
        ids: Ids of the queries that were submitted together; one, unless the service gave each
            statement its own.
    """

    _timeout_message = "the query still ran"

    def __init__(
        self,
        client: ResourceClient,
        ids: tuple[str, ...],
        options: CallOptions,
        *,
        started: bool = False,
        grace: float = GRACE,
    ) -> None:
        require_names(ids, "query_ids")
        super().__init__(client, options, started=started, grace=grace)
        self.ids = ids
        self._query_id = ids[0]

    @property
    def id(self) -> str:
        """Id of the query; of the first, if there are several."""
        return self.ids[0]

    def _fetch(self, options: CallOptions) -> QueryStatus:
        """Return the status of the query; of several, of the first that has not succeeded."""
        *earlier, last = self.ids
        for query_id in earlier:
            status = self._client.queries.status(query_id, **options)
            if self._phase(status) is not Phase.SUCCEEDED:
                return status
        return self._client.queries.status(last, **options)

    def _failure(self, status: QueryStatus, phase: Phase) -> QueryFailed:
        fallback = "the query was stopped" if phase is Phase.CANCELLED else "the query failed"
        message = str(status.message or fallback)
        code = engine_code(message)
        hint = engine_hint(code, message)
        error = QueryFailed(message, hint=hint, query_id=str(status.query_id or self.id))
        error.code = code or str(status.status)
        return error

    def wait(
        self,
        timeout: Seconds = 3600.0,
        *,
        on_progress: Callable[[QueryStatus], object] | None = None,
        cancel: bool | None = None,
    ) -> QueryStatus:
        """Wait until the query has ended, and return its last status.

        `GET /v1/sql/async/{id}/status` (inferred)

        Polls at growing intervals. A poll that fails for a transient reason (no connection, 5xx,
        429) is repeated until the time is up. A status that is not known counts as still running.

        Args:
            timeout: Seconds, or a timedelta, to wait at most; an hour if not given.
            on_progress: Called with each status.
            cancel: Whether the query is stopped on the service when the wait ends before it does:
                time-out, Ctrl-C, cancelled task, an error in `on_progress`. If not given, it is if
                `submit` made this handle, and is not if `handle` did: detached handles do not
                cancel. Where the service is slow to respond, cancelling may take a tenth of the
                time-out more, 5 seconds at most.

        Raises:
            QueryFailed: The query failed or was stopped; `code` is the engine's number for why, or
                else the status.
            TimedOut: It still ran when the time was up; `state` is the last that was reported.
            APIError: The service refused to return its status; the query continues.
        """
        return self._wait(timeout, on_progress, cancel=cancel)

    def result(
        self,
        timeout: Seconds = 3600.0,
        *,
        max_rows: int | None = None,
        cancel: bool | None = None,
    ) -> Result:
        """Wait for the query and return its result, as `ByteHouse.query` does; if there were
        several statements, that of the first.

        `GET /v1/sql/async/{id}/status`, then `GET /v1/sql/async/{id}/result` (both inferred; the
        shape of a result is recognized)

        Args:
            timeout: Seconds, or a timedelta, to wait at most.
            max_rows: At most so many rows per result; 0 means all.
            cancel: Whether the query is stopped when the wait ends before it does; see `wait`.

        Raises:
            QueryFailed: The query failed or was stopped.
            TimedOut: It still ran when the time was up.
            ResponseDecodeError: The response cannot be parsed.
        """
        from .result import run_submission

        self.wait(timeout, cancel=cancel)
        merged = self._client._options.replace(self._options)
        submission = Submission.existing(self.id, merged, self._options, max_rows)
        return run_submission(self._client, submission, timeout=timeout, succeeded=self.ids)

    def cancel(self) -> None:
        """Stop the query on the service. Stopping one that has ended does nothing.

        `DELETE /v1/sql/async/{id}` (inferred)

        Raises:
            APIError: The service refused.
        """
        for query_id in self.ids:
            try:
                self._client.queries.kill_async(query_id, **self._options)
            except ByteHouseError:
                status = self._client.queries.status(query_id, **self._options)
                if self._phase(status) is Phase.RUNNING:
                    raise

    def _cancel_within(self, limit: TimeLimit) -> None:
        failure: ByteHouseError | None = None
        for count, query_id in enumerate(self.ids):
            options = limit.options(self._options, share=1 / (len(self.ids) - count))
            try:
                self._client.queries.kill_async(query_id, **options)
            except ByteHouseError as error:
                failure = error  # cancel the others nevertheless
        if failure is not None:
            raise failure

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.ids))})"
