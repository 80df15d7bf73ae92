"""Open the responses that hold the results of a submission, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bytehouse_raw.api.queries import get_async_query_result, submit_async_query, submit_sync_query
from bytehouse_raw.models import QueryStatus

from .._api.polling import GRACE, TimeLimit
from .._core.options import CallOptions
from .._sql.statements import Submission, extract_query_ids
from ..errors import NotFound
from .cancellation import AsyncSubmittedQuery, cancel_on_early_exit, cancel_quietly
from .query_handle import AsyncQueryHandle
from .result_events import AsyncResultEvents

if TYPE_CHECKING:
    from .resource_client import AsyncResourceClient


_SHORTEST_TIMEOUT = 0.001


class AsyncQueryResponses:
    """Open the responses of a submission: that of statements that run at once, or those with the
    results of queries in the background, which are waited for.

    Args:
        client: Client to go through.
        submission: What is submitted.
        timeout: Seconds that queries in the background may take.
        on_status: Called with each status of a query that is waited for.

    Attributes:
        submission: What is submitted.
        returned: Whether the caller has a result: from then on the time between calls is the
            caller's own, and does not count.
    """

    def __init__(
        self,
        client: AsyncResourceClient,
        submission: Submission,
        timeout: float,
        on_status: Callable[[str], object],
    ) -> None:
        self.submission = submission
        self.returned = False
        self._client = client
        self._on_status = on_status
        self._limit = TimeLimit(client._clock, timeout)
        self._submission_limit = TimeLimit(client._clock, submission.deadline)
        self._in_background = False
        self._named: dict[str, None] = {}  # in order, each once
        self._named_are_queries = False
        self._succeeded: deque[str] = deque()

    @property
    def elapsed(self) -> float:
        """Seconds since the submission."""
        return self._limit.elapsed

    async def run(self) -> AsyncResultEvents:
        """Run the statements, and open the response when it begins."""
        submission = self.submission
        plan = submit_sync_query.plan(
            body=submission.body(), x_query_session_id=submission.session_id
        )
        async with cancel_on_early_exit(self._client, submission):
            body = await self._client._stream(plan, **submission.options)
        return AsyncResultEvents(body, submission.query_id)

    async def submit(self) -> None:
        """Submit the statements to run in the background, and wait for them."""
        plan = submit_async_query.plan(body=self.submission.background_body())
        async with cancel_on_early_exit(self._client, self.submission, in_background=True):
            response = await self._client.send(plan, **self.submission.options)
        await self._wait_for(extract_query_ids(response.data, self.submission.query_id))

    def add_succeeded(self, query_ids: Iterable[str]) -> None:
        """Add queries in the background that have succeeded, to fetch their results."""
        self._in_background = True
        self._succeeded.extend(query_ids)

    def add_named(self, query_id: str, *, is_query: bool) -> None:
        """Add an id that a response names in the place of a result.

        Args:
            query_id: The id.
            is_query: Whether it certainly is the id of a query in the background; otherwise it may
                be that of a statement that is done already.
        """
        if query_id not in self._named:
            self._named[query_id] = None
            self._named_are_queries = self._named_are_queries or is_query

    async def next(self) -> AsyncResultEvents | None:
        """Open the next response; None if there is none."""
        if self._named:
            named, self._named = tuple(self._named), {}
            await self._wait_for(named, are_queries=self._named_are_queries)
        if not self._succeeded:
            return None
        query_id = self._succeeded.popleft()
        plan = get_async_query_result.plan(query_id, max_rows_return=self.submission.max_rows)
        limit = min(self.submission.deadline, self._timeout_left)
        options: CallOptions = {**self.submission.options, "timeout": limit, "deadline": limit}
        body = await self._client._stream(plan, **options)
        return AsyncResultEvents(body, query_id, in_background=True)

    async def cancel(self) -> None:
        """Cancel the statements if they run at once, for a caller that stops reading."""
        if not self._in_background:
            query = AsyncSubmittedQuery(self._client, self.submission)
            await cancel_quietly(query, self._submission_limit)

    async def _wait_for(self, query_ids: tuple[str, ...], *, are_queries: bool = True) -> None:
        """Wait for queries in the background, so that their results can be fetched.

        An id that may not be that of a query is probed once.
        """
        self._in_background = True
        found = are_queries

        def on_progress(status: QueryStatus) -> None:
            nonlocal found
            found = True
            self._on_status(str(getattr(status, "status", None) or "Running"))

        handle = AsyncQueryHandle(
            self._client,
            query_ids,
            self.submission.options,
            started=True,
            grace=GRACE if are_queries else 0.0,
        )
        try:
            await handle.wait(self._timeout_left, on_progress=on_progress)
        except NotFound:
            if found:
                raise
        else:
            self._succeeded.extend(query_ids)

    @property
    def _timeout_left(self) -> float:
        """Seconds that queries in the background may still take."""
        if self.returned:
            return self._limit.seconds
        return max(self._limit.left, _SHORTEST_TIMEOUT)
