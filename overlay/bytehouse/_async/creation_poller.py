"""Wait for an object that was just created."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._core.options import CallOptions
from .poller import AsyncCreationPoller

if TYPE_CHECKING:
    from .resources._base import AsyncResource, Enveloped

__all__ = ["AsyncObjectCreationPoller"]

M = TypeVar("M", bound=Model)


class AsyncObjectCreationPoller(AsyncCreationPoller[M]):
    """Wait until an object just created is visible.

    Args:
        resource: What reads it.
        read: Plan of the call that returns it.
        options: Options of the call that created it.
    """

    def __init__(
        self, resource: AsyncResource, read: Plan[Enveloped[M]], options: CallOptions
    ) -> None:
        super().__init__(resource._client, options)
        self._resource = resource
        self._read = read

    async def _fetch(self, options: CallOptions) -> M:
        return await self._resource._data(self._read, options)
