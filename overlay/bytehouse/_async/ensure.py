"""Make sure of something: create it if it is missing, compare it if it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bytehouse_raw.models import CreatedObject
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._api.status import Phase
from .._core.differences import Difference, EnsureResult
from .._core.options import CallOptions
from ..errors import (
    APIError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    ResponseDecodeError,
)
from .poller import AsyncWaiter
from .resources._base import AsyncResource, Enveloped

if TYPE_CHECKING:
    from .client import AsyncByteHouse

__all__ = ["AsyncEnsuring"]

M = TypeVar("M", bound=Model)
_PATIENCE = 60.0


class AsyncEnsuring(AsyncResource):
    """Hold what groups of operations have in common whose objects can be made sure of."""

    async def _ensure(
        self,
        read: Plan[Enveloped[M]],
        create: Plan[Enveloped[CreatedObject]],
        compare: Callable[[M], tuple[Difference, ...]],
        options: CallOptions,
    ) -> EnsureResult[M]:
        """Create what is missing, compare what is there, and change nothing that exists.

        Missing is what the service itself says is not there: a 404 of another origin may come from
        a wrong path, and creating something would hide that.
        """
        live = await self._found(read, options)
        if live is not None:
            return EnsureResult(live, differences=compare(live))
        created = True
        try:
            await self._send(create, options)
        except (OutcomeUnknown, ResponseDecodeError) as unknown:
            try:
                live = await _Arrival(self._client, self, read, options).wait()
            except NotFound:
                raise unknown from None
        except (Conflict, InvalidRequest, QueryFailed):
            # Someone else may have been faster, in whatever words the service says so.
            created, live = False, await self._found(read, options)
            if live is None:
                raise
        else:
            live = await _Arrival(self._client, self, read, options).wait()
        return EnsureResult(live, created=created, differences=compare(live))

    async def _found(self, read: Plan[Enveloped[M]], options: CallOptions) -> M | None:
        """Return what is there; None if the service says that it is missing."""
        try:
            return await self._data(read, options)
        except APIError as error:
            # The engine's own words for it come with a 404 as well.
            missing = isinstance(error, NotFound) or error.status == 404
            if not missing or not error.by_service:
                raise
            return None


class _Arrival(AsyncWaiter[M]):
    """Wait for something just made to be visible."""

    _still = "what was made was not there"
    _goes_on = "It may still come; look again."

    def __init__(
        self,
        client: AsyncByteHouse,
        resource: AsyncEnsuring,
        read: Plan[Enveloped[M]],
        options: CallOptions,
    ) -> None:
        super().__init__(client, options, started=False)
        self._resource = resource
        self._read = read

    async def _ask(self, options: CallOptions) -> M:
        return await self._resource._data(self._read, options)

    def _state(self, status: M) -> None:  # noqa: ARG002 - it has none
        return None

    def _phase(self, status: M) -> Phase:  # noqa: ARG002 - that there is one is all
        return Phase.SUCCEEDED

    async def wait(self) -> M:
        """Return it once it is visible.

        Raises:
            NotFound: It is not, seconds later.
        """
        return await self._wait(_PATIENCE, None)
