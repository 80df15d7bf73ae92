"""Stop a query on the service when the wait for it ends early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from bytehouse_raw.api.queries import abort_sync_query, kill_sync_query

from .._errors import ByteHouseError, OutcomeUnknown
from .._options import CallOptions
from .._statements import Submission
from .._waiting import AsyncShield

if TYPE_CHECKING:
    from ._client import AsyncByteHouse

__all__ = ["stop_quietly", "stopping"]


_LONGEST = 5.0
_SHORTEST = 0.2


@asynccontextmanager
async def stopping(client: AsyncByteHouse, submission: Submission) -> AsyncIterator[None]:
    """Stop the query if the block ends early: time-out, Ctrl-C, cancelled task.

    What is left of the call's deadline is there for it, or a moment if nothing is left.
    """
    ends = client.clock.monotonic() + client.options.but(submission.options).deadline
    try:
        yield
    except BaseException as error:
        if isinstance(error, OutcomeUnknown) or not isinstance(error, ByteHouseError):
            await stop_quietly(client, submission, ends - client.clock.monotonic())
        raise


async def stop_quietly(
    client: AsyncByteHouse, submission: Submission, within: float = _LONGEST
) -> None:
    """Try to stop it, by its session if it has one and by its id.

    The error at hand matters more than one that this meets.
    """
    ways = [kill_sync_query.plan(submission.query_id)]
    if submission.session_id is not None:
        ways.insert(0, abort_sync_query.plan(x_query_session_id=submission.session_id))
    each = min(_LONGEST, max(_SHORTEST, within)) / len(ways)
    brief: CallOptions = {**submission.options, "timeout": each, "deadline": each}
    async with AsyncShield():
        for plan in ways:
            with suppress(ByteHouseError):
                await client.send(plan, **brief)
