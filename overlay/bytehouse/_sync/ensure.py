# Derived from overlay/bytehouse/_async/ensure.py by `make generate`. Do not edit.
"""Ensure that something exists: create it if it is missing, compare it if it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bytehouse_raw.models import CreatedObject
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

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
from .poller import CreationPoller
from .resources._base import Enveloped, Resource

M = TypeVar("M", bound=Model)


class EnsureResource(Resource):
    """Hold what resources with an `ensure` method have in common."""

    def _ensure(
        self,
        read: Plan[Enveloped[M]],
        create: Plan[Enveloped[CreatedObject]],
        compare: Callable[[M], tuple[Difference, ...]],
        options: CallOptions,
    ) -> EnsureResult[M]:
        """Create what is missing, compare what is there, and change nothing that exists.

        Something is missing only if the service itself says so: a 404 of another origin may come
        from a wrong path, and creating something would hide that.
        """
        live = self._find(read, options)
        if live is not None:
            return EnsureResult(live, differences=compare(live))
        created = True
        try:
            self._send(create, options)
        except (OutcomeUnknown, ResponseDecodeError) as unknown:
            try:
                live = _CreationPoller(self, read, options).wait()
            except NotFound:
                raise unknown from None
        except (Conflict, InvalidRequest, QueryFailed):
            # Another process may have created it first; the error for that is not documented.
            created, live = False, self._find(read, options)
            if live is None:
                raise
        else:
            live = _CreationPoller(self, read, options).wait()
        return EnsureResult(live, created=created, differences=compare(live))

    def _find(self, read: Plan[Enveloped[M]], options: CallOptions) -> M | None:
        """Return what exists; None if the service says that it is missing."""
        try:
            return self._data(read, options)
        except APIError as error:
            # An error of the engine may come with a 404 as well.
            missing = isinstance(error, NotFound) or error.status == 404
            if not missing or not error.by_service:
                raise
            return None


class _CreationPoller(CreationPoller[M]):
    def __init__(
        self, resource: EnsureResource, read: Plan[Enveloped[M]], options: CallOptions
    ) -> None:
        super().__init__(resource._client, options)
        self._resource = resource
        self._read = read

    def _fetch(self, options: CallOptions) -> M:
        return self._resource._data(self._read, options)
