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


@asynccontextmanager
async def stopping(client: AsyncByteHouse, submission: Submission) -> AsyncIterator[None]:
    """Stop the query if the block ends early: time-out, Ctrl-C, cancelled task."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, OutcomeUnknown) or not isinstance(error, ByteHouseError):
            await stop_quietly(client, submission)
        raise


async def stop_quietly(client: AsyncByteHouse, submission: Submission) -> None:
    """Try to stop it, by its session if it has one and by its id; the error at hand matters more
    than one that this meets."""
    brief: CallOptions = {**submission.options, "timeout": 5.0, "deadline": 5.0}
    async with AsyncShield():
        if submission.session_id is not None:
            with suppress(ByteHouseError):
                plan = abort_sync_query.plan(x_query_session_id=submission.session_id)
                await client.send(plan, **brief)
        with suppress(ByteHouseError):
            await client.send(kill_sync_query.plan(submission.query_id), **brief)
