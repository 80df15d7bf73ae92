# Derived from overlay/bytehouse/_async/creation_poller.py by `make generate`. Do not edit.
"""Wait for an object that was just created."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._core.options import CallOptions
from .poller import CreationPoller

if TYPE_CHECKING:
    from .resources._base import Enveloped, Resource

__all__ = ["ObjectCreationPoller"]

M = TypeVar("M", bound=Model)


class ObjectCreationPoller(CreationPoller[M]):
    """Wait until an object just created is visible.

    Args:
        resource: What reads it.
        read: Plan of the call that returns it.
        options: Options of the call that created it.
    """

    def __init__(self, resource: Resource, read: Plan[Enveloped[M]], options: CallOptions) -> None:
        super().__init__(resource._client, options)
        self._resource = resource
        self._read = read

    def _fetch(self, options: CallOptions) -> M:
        return self._resource._data(self._read, options)
