# Derived from overlay/bytehouse/_async/ensure.py by `make generate`. Do not edit.
"""Ensure that something exists: create it if it is missing, compare it if it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from bytehouse_raw.models import CreatedObject
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._core.differences import Difference, EnsureResult
from .._core.options import CallOptions
from ..errors import (
    APIError,
    ByteHouseError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    ResponseDecodeError,
)
from .resources._base import Enveloped, Resource, is_missing

if TYPE_CHECKING:
    from .._api.polling import Fetch

M = TypeVar("M", bound=Model)
REFUSED = (Conflict, InvalidRequest, QueryFailed)
"""Errors of creating what exists already; the error for that is not documented."""


class EnsureResource(Resource):
    """Hold what resources with an `ensure` method have in common."""

    def _ensure(
        self,
        read: Fetch[M],
        create: Plan[Any],
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
        failure: ByteHouseError | None = None
        try:
            self._send(create, options)
        except REFUSED as refusal:
            # Another process may have created it first.
            live = self._existing(refusal, read, options)
            return EnsureResult(live, differences=compare(live))
        except (OutcomeUnknown, ResponseDecodeError) as error:
            failure = error
        try:
            from .poller import CreationPoller  # most calls wait for nothing

            # What is new may not be visible at once.
            live = CreationPoller(self._client, options, read).wait()
        except NotFound as missing:
            raise failure or missing from None
        return EnsureResult(live, created=True, differences=compare(live))

    def _create(
        self,
        create: Plan[Enveloped[CreatedObject]],
        read: Fetch[M],
        options: CallOptions,
        *,
        if_not_exists: bool,
    ) -> CreatedObject:
        """Create a database or a table, or return the id of the one that exists."""
        try:
            return self._data(create, options)
        except REFUSED as refusal:
            if not if_not_exists:
                raise
            live = self._existing(refusal, read, options)
            return CreatedObject.from_dict({"uuid": getattr(live, "uuid", None)})

    def _existing(self, refusal: ByteHouseError, read: Fetch[M], options: CallOptions) -> M:
        """Return what exists already, where that is why its creation was refused.

        Raises:
            ByteHouseError: It is not: the refusal.
        """
        live = self._find(read, options)
        if live is None:
            raise refusal
        return live

    def _find(self, read: Fetch[M], options: CallOptions) -> M | None:
        """Return what exists; None if the service says that it is missing."""
        try:
            return read(options)
        except APIError as error:
            if not is_missing(error):
                raise
            return None
