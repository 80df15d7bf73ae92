"""What all groups of operations have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._clock import Clock
from .._errors import ResponseDecodeError
from .._options import CallOptions
from .._paging import Listing
from ._pager import AsyncPager

if TYPE_CHECKING:
    from ._client import AsyncByteHouse

__all__ = ["AsyncResource"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Enveloped(Protocol[T_co]):
    """Describe an answer that holds one thing in ``data``."""

    @property
    def data(self) -> T_co | None:
        """What the answer is about."""


class AsyncResource:
    """Hold the client whose `send` all methods go through."""

    def __init__(self, client: AsyncByteHouse) -> None:
        self._client = client

    @property
    def clock(self) -> Clock:
        """The client's source of time."""
        return self._client.clock

    async def _send(self, plan: Plan[T], options: CallOptions) -> T:
        return await self._client.send(plan, **options)

    async def _data(self, plan: Plan[Enveloped[T]], options: CallOptions) -> T:
        """Send a call and return what its answer holds in ``data``.

        Raises:
            ResponseDecodeError: It holds nothing.
        """
        answer = await self._client.send(plan, **options)
        data = answer.data
        if isinstance(data, Model) and isinstance(answer, Model) and answer.raw_response:
            data.received(answer.raw_response)
        if data is None:
            raise ResponseDecodeError(
                "the answer has no data",
                operation=plan.operation.id,
                hint="The call went well; the service may name its fields otherwise than is known.",
            )
        return data

    def _list(
        self, plan: Plan[Listing[T]], options: CallOptions, limit: int | None, page_size: int | None
    ) -> AsyncPager[T]:
        # The role of a `with` block is that of where the list was asked for, not iterated.
        options = self._client.settled(options)
        return AsyncPager(self._client, plan, options, limit=limit, page_size=page_size)
