"""Wait for what the service does in its own time: a query, a run of an import job, a warehouse."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from .._api.polling import GRACE, AsyncShield, WaitState, cancel_timeout
from .._api.status import Phase
from .._core.options import CallOptions, Seconds
from ..errors import ByteHouseError, TimedOut

if TYPE_CHECKING:
    from .client import AsyncByteHouse

__all__ = ["AsyncWaiter"]

T = TypeVar("T")
_INSTANT = 0.001


class AsyncWaiter(Generic[T]):
    """Ask where something stands until it has got where it should.

    A subclass says how to ask, what an answer means, and how to stop what is waited for.

    Args:
        client: Client to ask through.
        options: Options of the call that made what is waited for; its role is that of all calls.
        started: Whether this process started it, and stops it when a wait ends early.
        grace: Seconds in which it may not be visible yet.
    """

    _still = "it still ran"
    _goes_on = "It goes on; wait again, here or in another process from its id."
    _query_id: str | None = None

    def __init__(
        self,
        client: AsyncByteHouse,
        options: CallOptions,
        *,
        started: bool,
        grace: float = GRACE,
    ) -> None:
        self._client = client
        self._options: CallOptions = {
            "role": client.options.replace(client.merge_context(options)).role
        }
        self._started = started
        self._grace = grace

    async def _ask(self, options: CallOptions) -> T:
        """Ask once where it stands."""
        raise NotImplementedError

    def _state(self, status: T) -> object:
        """Return the word for where it stands."""
        raise NotImplementedError

    def _phase(self, status: T) -> Phase:
        """Return what the word means."""
        raise NotImplementedError

    def _failure(self, status: T, phase: Phase) -> ByteHouseError:
        """Return the error that a failed or stopped thing amounts to."""
        raise NotImplementedError

    async def _stop(self, options: CallOptions) -> None:
        """Stop it on the service, within the `deadline` of the options, if they have one."""

    async def status(self) -> T:
        """Return where it stands."""
        return await self._ask(self._options)

    async def _wait(
        self,
        timeout: Seconds,
        on_progress: Callable[[T], object] | None,
        *,
        cancel: bool | None = None,
        outlasts: bool = False,
    ) -> T:
        """Wait until it has ended well, and return the last answer.

        What outlasts the time-out is not stopped then, unless `cancel` says so.
        """
        stops = self._started if cancel is None else cancel
        stops_late = cancel if outlasts else stops
        waiting = WaitState(timeout, self._client.clock, self._grace)
        try:
            status = await self._watch(waiting, on_progress)
        except BaseException as error:
            late = isinstance(error, TimedOut)
            if (stops_late if late else stops) and not waiting.ended:
                stopped = await self._stop_quietly(cancel_timeout(waiting.timeout, waiting.left))
                if stopped and isinstance(error, TimedOut):
                    error.hint = "The service was told to stop it."
            raise
        return status

    async def _watch(self, waiting: WaitState, on_progress: Callable[[T], object] | None) -> T:
        """Ask at growing intervals until it has ended or the time is up."""
        while waiting.left:
            status = await self._poll(waiting)
            if status is not None:
                phase = self._phase(status)
                waiting.record(self._state(status), phase)
                if on_progress is not None:
                    on_progress(status)
                if phase is Phase.SUCCEEDED:
                    return status
                if phase is not Phase.RUNNING:
                    raise self._failure(status, phase)
            await self._client.clock.asleep(waiting.pause())
        raise waiting.timed_out(self._still, hint=self._goes_on, query_id=self._query_id)

    async def _poll(self, waiting: WaitState) -> T | None:
        """Ask once; None if the answer was lost for a reason that may pass."""
        # A poll must not outlast the wait, however patient the client is otherwise.
        deadline = min(waiting.left or _INSTANT, self._client.options.deadline)
        try:
            return await self._ask({**self._options, "deadline": deadline})
        except ByteHouseError as error:
            if not waiting.tolerates(error):
                raise
        return None

    async def _stop_quietly(self, within: float) -> bool:
        """Stop it when the wait for it ends early; the error at hand matters more than this."""
        stopped = False
        async with AsyncShield():
            brief: CallOptions = {**self._options, "timeout": within, "deadline": within}
            with suppress(ByteHouseError):
                await self._stop(brief)
                stopped = True
        return stopped
