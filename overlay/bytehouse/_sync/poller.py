# Derived from overlay/bytehouse/_async/poller.py by `make generate`. Do not edit.
"""Wait for what the service does in its own time: a query, a run of an import job, a warehouse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from .._api.polling import GRACE, Fetch, TimeLimit, WaitState
from .._api.status import Phase, phase_of
from .._core.html import HtmlRepr
from .._core.options import CallOptions, Seconds
from .._core.validation import require_function
from ..errors import ByteHouseError, TimedOut
from .cancellation import cancel_quietly

if TYPE_CHECKING:
    from .resource_client import ResourceClient


T = TypeVar("T")
_SHORTEST_POLL = 0.001
_CREATION_TIMEOUT = 60.0


class Poller(ABC, HtmlRepr, Generic[T]):
    """Poll the status of something until it has reached an end.

    A subclass says how to poll, what a status means, and how to cancel what is waited for.

    Args:
        client: Client to poll through.
        options: Options of the call that started it; its role is that of all calls.
        started: Whether this process started it, and cancels it when a wait ends early.
        grace: Seconds in which it may not be visible yet.
    """

    _timeout_message = "it still ran"
    _timeout_hint = "It continues; wait again, here or in another process by its id."
    _query_id: str | None = None

    def __init__(
        self,
        client: ResourceClient,
        options: CallOptions,
        *,
        started: bool,
        grace: float = GRACE,
    ) -> None:
        self._client = client
        self._options: CallOptions = {
            "role": client._options.replace(client._merge_context(options)).role
        }
        self._started = started
        self._grace = grace

    @abstractmethod
    def _fetch(self, options: CallOptions) -> T:
        """Ask once for the status."""

    def _phase(self, status: T) -> Phase:
        """Return what the state means."""
        return phase_of(getattr(status, "status", None))

    def _failure(self, status: T, phase: Phase) -> ByteHouseError:
        """Return the error for what failed or was stopped."""
        raise NotImplementedError  # of what cannot fail

    def _cancel_within(self, limit: TimeLimit) -> None:
        """Cancel it on the service; nothing, unless a subclass says how."""

    def status(self) -> T:
        """Return its present status."""
        return self._fetch(self._options)

    def _wait(
        self,
        timeout: Seconds,
        on_progress: Callable[[T], object] | None,
        *,
        cancel: bool | None = None,
        survives_timeout: bool = False,
    ) -> T:
        """Wait until it has succeeded, and return its last status.

        Args:
            timeout: Seconds, or a timedelta, to wait at most.
            on_progress: Called with each status.
            cancel: Whether it is cancelled if the wait ends early; if not given, it is if this
                process started it.
            survives_timeout: Whether a time-out cancels it only if `cancel` is given.
        """
        waiting = WaitState(timeout, self._client._clock, self._grace)
        require_function(on_progress, "on_progress")
        try:
            return self._poll(waiting, on_progress)
        except BaseException as error:
            timed_out = isinstance(error, TimedOut)
            if cancel is None:
                cancel = self._started and not (timed_out and survives_timeout)
            if cancel and not waiting.ended:
                accepted = cancel_quietly(self, waiting)
                if accepted and isinstance(error, TimedOut):
                    error.hint = "The service was asked to stop it."
            raise

    def _poll(self, waiting: WaitState, on_progress: Callable[[T], object] | None) -> T:
        """Poll at growing intervals until it has ended or the time is up."""
        while waiting.left:
            status = self._try_fetch(waiting)
            if status is not None:
                phase = self._phase(status)
                waiting.record(getattr(status, "status", None), phase)
                if on_progress is not None:
                    on_progress(status)
                if phase is Phase.SUCCEEDED:
                    return status
                if phase is not Phase.RUNNING:
                    raise self._failure(status, phase)
            self._client._clock.sleep(waiting.pause())
        raise waiting.timed_out(
            self._timeout_message, hint=self._timeout_hint, query_id=self._query_id
        )

    def _try_fetch(self, waiting: WaitState) -> T | None:
        """Ask once for the status; None if that failed for a reason that may pass."""
        # A poll must not outlast the wait, whatever the client's deadline is otherwise.
        deadline = min(waiting.left or _SHORTEST_POLL, self._client._options.deadline)
        try:
            return self._fetch({**self._options, "deadline": deadline})
        except ByteHouseError as error:
            if not waiting.tolerates(error):
                raise
        return None


class CreationPoller(Poller[T]):
    """Wait until something just created is visible.

    Args:
        client: Client to poll through.
        options: Options of the call that created it.
        fetch: Reads it.
    """

    _timeout_message = "what was created was not visible"
    _timeout_hint = "It may still appear; check again."

    def __init__(self, client: ResourceClient, options: CallOptions, fetch: Fetch[T]) -> None:
        super().__init__(client, options, started=False)
        self._read = fetch

    def _fetch(self, options: CallOptions) -> T:
        return self._read(options)

    def _phase(self, status: T) -> Phase:  # noqa: ARG002 - that it is visible is all
        return Phase.SUCCEEDED

    def wait(self) -> T:
        """Return it once it is visible.

        Raises:
            NotFound: It is not, seconds later.
        """
        return self._wait(_CREATION_TIMEOUT, None)
