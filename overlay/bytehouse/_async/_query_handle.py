"""Watch a query that runs in the background."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from bytehouse_raw.models import QueryResult, QueryStatus

from .._errors import (
    ByteHouseError,
    InvalidArgument,
    NotFound,
    QueryFailed,
    RateLimited,
    ServerError,
    TimedOut,
    TransportError,
)
from .._options import CallOptions, Seconds
from .._states import Phase, phase_of
from .._waiting import Waiting

if TYPE_CHECKING:
    from .queries import AsyncQueries

__all__ = ["AsyncQueryHandle"]

_PASSING = (TransportError, ServerError, RateLimited)


class AsyncQueryHandle:
    """Watch a query: ask where it stands, wait for it, read its results, stop it.

    Get one from `queries.submit`, or in another process from `queries.handle(id)`.

    Attributes:
        ids: Ids of the queries that were submitted together; one, unless the service gave each
            statement its own.
    """

    def __init__(self, queries: AsyncQueries, ids: tuple[str, ...], options: CallOptions) -> None:
        if not ids or not all(ids):
            raise InvalidArgument("A handle needs the id of a query.")
        self._queries = queries
        self._options = options
        self.ids = ids

    @property
    def id(self) -> str:
        """Id of the query; of the first, if there are several."""
        return self.ids[0]

    async def status(self) -> QueryStatus:
        """Return where the query stands; of several, the first that has not succeeded."""
        *earlier, last = self.ids
        for query_id in earlier:
            status = await self._queries.status(query_id, **self._options)
            if phase_of(status.status) is not Phase.SUCCEEDED:
                return status
        return await self._queries.status(last, **self._options)

    async def wait(
        self,
        timeout: Seconds = 3600.0,
        *,
        on_progress: Callable[[QueryStatus], object] | None = None,
        cancel: bool = True,
    ) -> QueryStatus:
        """Wait until the query has ended, and return its last status.

        Asks at growing intervals. A poll that fails for a passing reason (no connection, 5xx, 429)
        is made again until the time is over. A status that is not known counts as still running.

        Args:
            timeout: Seconds, or a timedelta, to wait at most; an hour if not given.
            on_progress: Called with each status.
            cancel: Whether the query is stopped on the service when the wait ends before it does:
                time-out, Ctrl-C, cancelled task, an error in `on_progress`.

        Raises:
            QueryFailed: The query failed or was stopped.
            TimedOut: It still ran when the time was over.
        """
        waiting = Waiting(timeout, self._queries.clock)
        try:
            while True:
                status = await self._poll(waiting)
                if status is not None:
                    if on_progress is not None:
                        on_progress(status)
                    if self._has_ended(status):
                        return status
                    waiting.state = status.status
                await self._queries.clock.asleep(waiting.pause())
        except QueryFailed:
            raise
        except BaseException:
            if cancel:
                await self._cancel_quietly()
            raise

    async def _poll(self, waiting: Waiting) -> QueryStatus | None:
        """Ask once; None if the answer was lost for a reason that may pass."""
        if waiting.is_over:
            state = f", last seen {waiting.state}" if waiting.state else ""
            raise TimedOut(
                f"the query still ran after {waiting.timeout:g} s{state}", query_id=self.id
            )
        try:
            return await self.status()
        except _PASSING as error:
            waiting.lost(error)
        except NotFound as error:
            # Just submitted, a query may not be visible everywhere yet; later the answer is final.
            if waiting.elapsed > waiting.grace:
                raise
            waiting.lost(error)
        return None

    def _has_ended(self, status: QueryStatus) -> bool:
        phase = phase_of(status.status)
        if phase in (Phase.FAILED, Phase.CANCELLED):
            fallback = "the query was stopped" if phase is Phase.CANCELLED else "the query failed"
            error = QueryFailed(status.message or fallback, query_id=status.query_id or self.id)
            error.code = str(status.status)
            raise error
        return phase is Phase.SUCCEEDED

    async def result(
        self, timeout: Seconds = 3600.0, *, max_rows: int | None = None
    ) -> list[QueryResult]:
        """Wait for the query and return its results, one per statement (inferred).

        Args:
            timeout: Seconds, or a timedelta, to wait at most.
            max_rows: At most so many rows per result; 0 means all.

        Raises:
            QueryFailed: The query failed or was stopped.
            TimedOut: It still ran when the time was over; it was then stopped.
        """
        await self.wait(timeout)
        results: list[QueryResult] = []
        for query_id in self.ids:
            results += await self._queries.result(query_id, max_rows=max_rows, **self._options)
        return results

    async def cancel(self) -> None:
        """Stop the query on the service. Stopping one that has ended does nothing.

        Raises:
            APIError: The service refused.
        """
        for query_id in self.ids:
            try:
                await self._queries.kill_async(query_id, **self._options)
            except ByteHouseError:
                if (
                    phase_of((await self._queries.status(query_id, **self._options)).status)
                    is Phase.RUNNING
                ):
                    raise

    async def _cancel_quietly(self) -> None:
        """Stop the query when the wait for it ends early."""
        brief: CallOptions = {**self._options, "timeout": 5.0, "deadline": 5.0}
        for query_id in self.ids:
            with suppress(ByteHouseError):  # the error at hand matters more
                await self._queries.kill_async(query_id, **brief)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.ids))})"
