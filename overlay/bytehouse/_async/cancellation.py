"""Cancel what runs on the service when the wait for it ends early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from bytehouse_raw.api.queries import abort_sync_query, kill_async_query, kill_sync_query
from bytehouse_raw.plan import Plan

from .._api.polling import AsyncShield, TimeLimit, parse_timeout
from .._core.interrupts import drop_locals
from ..errors import ByteHouseError, NotFound, OutcomeUnknown, TimedOut

if TYPE_CHECKING:
    from .._sql.statements import Submission
    from .resource_client import AsyncResourceClient


_FIRST_PAUSE = 0.05
_LONGEST_DELIVERY = 1.0


class AsyncCancellable(Protocol):
    """Describe what can be cancelled on the service."""

    async def _cancel_within(self, limit: TimeLimit) -> None:
        """Cancel it.

        Raises:
            ByteHouseError: The API did not accept that.
        """


async def cancel_quietly(target: AsyncCancellable, limit: TimeLimit) -> bool:
    """Cancel something for a caller that gives up; return whether the API accepted that.

    An error of the API is not raised: the reason for giving up matters more.

    Args:
        target: What to cancel.
        limit: Time limit of the caller.
    """
    accepted = False
    async with AsyncShield():
        with suppress(ByteHouseError):
            await target._cancel_within(limit.for_cancelling())
            accepted = True
    return accepted


@asynccontextmanager
async def cancel_on_early_exit(
    client: AsyncResourceClient,
    submission: Submission,
    *,
    in_background: bool = False,
    when_unknown: bool = True,
) -> AsyncIterator[None]:
    """Cancel a query if the block that submits it ends early: time-out, Ctrl-C, cancelled task.

    If it only reads, and its time limit ends it, that raises `TimedOut`.

    Args:
        client: Client to go through.
        submission: What the block submits.
        in_background: Whether it is to run in the background.
        when_unknown: Whether it is cancelled too if no response was received.
    """
    limit = TimeLimit(client._clock, submission.deadline)
    try:
        yield
    except BaseException as error:
        drop_locals(error)  # cancelling may need the connection that they hold
        unknown = error if when_unknown and isinstance(error, OutcomeUnknown) else None
        if unknown or not isinstance(error, ByteHouseError):
            query = AsyncSubmittedQuery(
                client, submission, in_background=in_background, in_delivery=True
            )
            stopped = await cancel_quietly(query, limit)
            if unknown and unknown.timed_out and submission.only_reads and not in_background:
                raise _timed_out(unknown, submission, stopped=stopped) from None
        raise


def _timed_out(error: OutcomeUnknown, submission: Submission, *, stopped: bool) -> TimedOut:
    """Return the error of a statement that only reads and did not end in time."""
    seconds = min(parse_timeout(submission.options["timeout"]), submission.deadline)
    what = "it was stopped on the service" if stopped else "the service did not confirm its stop"
    state = f", last seen {error.state}" if error.state else ""
    found = TimedOut(
        f"the statement did not end within {seconds:g} s{state}; {what}",
        hint="Raise `timeout=` of the query, or run it with asynchronous=True.",
    )
    told = error.__dict__.keys() - {"message", "hint", "timed_out"}
    found.__dict__.update({name: error.__dict__[name] for name in told})
    return found


class AsyncSubmittedQuery:
    """Cancel a query by its id, or else by its session, in which others may run.

    Args:
        client: Client to go through.
        submission: What was submitted.
        in_background: Whether it runs in the background.
        in_delivery: Whether the request may still be on its way, so that the service does not know
            the query yet.
    """

    def __init__(
        self,
        client: AsyncResourceClient,
        submission: Submission,
        *,
        in_background: bool = False,
        in_delivery: bool = False,
    ) -> None:
        self._client = client
        self._submission = submission
        self._kill = (kill_async_query if in_background else kill_sync_query).plan(
            submission.query_id
        )
        self._longest_delivery = _LONGEST_DELIVERY if in_delivery else 0.0

    async def _cancel_within(self, limit: TimeLimit) -> None:
        error = await self._send(self._kill, limit)
        pause = _FIRST_PAUSE
        while _is_unknown(error) and pause < min(
            limit.left, self._longest_delivery - limit.elapsed
        ):
            await self._client._clock.asleep(pause)
            pause *= 2
            error = await self._send(self._kill, limit)
        session_id = self._submission.session_id
        if session_id is not None and error and not _is_unknown(error):
            error = await self._send(abort_sync_query.plan(x_query_session_id=session_id), limit)
        if error is not None:
            raise error

    async def _send(self, plan: Plan[Any], limit: TimeLimit) -> ByteHouseError | None:
        """Send a call if there is time left, and return its error."""
        if limit.left:
            try:
                await self._client.send(plan, **limit.options(self._submission.options))
            except ByteHouseError as error:
                return error
        return None


def _is_unknown(error: ByteHouseError | None) -> bool:
    return isinstance(error, NotFound) and error.by_service
