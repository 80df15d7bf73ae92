# Derived from overlay/bytehouse/_async/_stopping.py by `make generate`. Do not edit.
"""Stop a query on the service when the wait for it ends early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from bytehouse_raw.api.queries import abort_sync_query, kill_sync_query

from .._errors import ByteHouseError, OutcomeUnknown
from .._options import CallOptions
from .._statements import Submission
from .._waiting import Shield

if TYPE_CHECKING:
    from ._client import ByteHouse

__all__ = ["stop_quietly", "stopping"]


@contextmanager
def stopping(client: ByteHouse, submission: Submission) -> Iterator[None]:
    """Stop the query if the block ends early: time-out, Ctrl-C, cancelled task."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, OutcomeUnknown) or not isinstance(error, ByteHouseError):
            stop_quietly(client, submission)
        raise


def stop_quietly(client: ByteHouse, submission: Submission) -> None:
    """Try to stop it, by its session if it has one and by its id; the error at hand matters more
    than one that this meets."""
    brief: CallOptions = {**submission.options, "timeout": 5.0, "deadline": 5.0}
    with Shield():
        if submission.session_id is not None:
            with suppress(ByteHouseError):
                plan = abort_sync_query.plan(x_query_session_id=submission.session_id)
                client.send(plan, **brief)
        with suppress(ByteHouseError):
            client.send(kill_sync_query.plan(submission.query_id), **brief)
