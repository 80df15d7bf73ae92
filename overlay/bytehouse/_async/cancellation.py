"""Stop a query on the service when the wait for it ends early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bytehouse_raw.api.queries import abort_sync_query, kill_async_query, kill_sync_query
from bytehouse_raw.plan import Plan

from .._api.polling import AsyncShield, cancel_timeout
from .._core.options import CallOptions
from .._sql.statements import Submission
from ..errors import ByteHouseError, NotFound, OutcomeUnknown

if TYPE_CHECKING:
    from .client import AsyncByteHouse

__all__ = ["stop_quietly", "stopping"]

_FIRST_PAUSE = 0.05
_LONGEST_WAY = 1.0


@asynccontextmanager
async def stopping(
    client: AsyncByteHouse,
    submission: Submission,
    *,
    in_background: bool = False,
    lost: bool = True,
) -> AsyncIterator[None]:
    """Stop the query if the block ends early: time-out, Ctrl-C, cancelled task.

    Args:
        client: Client to go through.
        submission: What the block submits.
        in_background: Whether it is to run in the background.
        lost: Whether it is stopped too if no answer came.
    """
    limit = client.options.replace(submission.options).deadline
    ends = client.clock.monotonic() + limit
    try:
        yield
    except BaseException as error:
        if not isinstance(error, ByteHouseError) or (lost and isinstance(error, OutcomeUnknown)):
            within = cancel_timeout(limit, ends - client.clock.monotonic())
            stop = _Stop(client, submission, within)
            async with AsyncShield():
                await stop(in_background=in_background, may_overtake=True)
        raise


async def stop_quietly(client: AsyncByteHouse, submission: Submission, within: float) -> None:
    """Try to stop a query that has been answered already.

    The error at hand matters more than one that this meets.
    """
    async with AsyncShield():
        await _Stop(client, submission, within)()


class _Stop:
    """Stop a query by its id, or else by its session, in which others may run."""

    def __init__(self, client: AsyncByteHouse, submission: Submission, within: float) -> None:
        self._client = client
        self._submission = submission
        self._clock = client.clock
        self._began = self._clock.monotonic()
        self._ends = self._began + within

    async def __call__(self, *, in_background: bool = False, may_overtake: bool = False) -> None:
        """Try it.

        Args:
            in_background: Whether the query is one that runs in the background.
            may_overtake: Whether the query may still be on its way, so that it is not known yet.
        """
        submission = self._submission
        kill = (kill_async_query if in_background else kill_sync_query).plan(submission.query_id)
        refusal = await self._refusal(kill)
        pause = _FIRST_PAUSE
        while may_overtake and _is_unknown(refusal) and self._has_time_for(pause):
            await self._clock.asleep(pause)
            pause *= 2
            refusal = await self._refusal(kill)
        if submission.session_id is not None and refusal and not _is_unknown(refusal):
            await self._refusal(abort_sync_query.plan(x_query_session_id=submission.session_id))

    def _has_time_for(self, pause: float) -> bool:
        return self._clock.monotonic() + pause < min(self._ends, self._began + _LONGEST_WAY)

    async def _refusal(self, plan: Plan[Any]) -> ByteHouseError | None:
        left = self._ends - self._clock.monotonic()
        if left <= 0:
            return None
        options: CallOptions = {**self._submission.options, "timeout": left, "deadline": left}
        try:
            await self._client.send(plan, **options)
        except ByteHouseError as error:
            return error
        return None


def _is_unknown(refusal: ByteHouseError | None) -> bool:
    return isinstance(refusal, NotFound) and refusal.by_service
