# Derived from overlay/bytehouse/_async/resources/_base.py by `make generate`. Do not edit.
"""Hold what all resources have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, RawResponse

from ..._api.lists import data_error
from ..._api.pagination import Listing
from ..._core.arguments import check_arguments
from ..._core.clock import Clock
from ..._core.options import CallOptions
from ...errors import APIError, NotFound
from ..paginator import Pager

if TYPE_CHECKING:
    from ..._api.polling import Fetch
    from ..resource_client import ResourceClient


T = TypeVar("T")
M = TypeVar("M", bound=Model)
T_co = TypeVar("T_co", covariant=True)


class Enveloped(Protocol[T_co]):
    """Describe a response with one object in ``data``."""

    @property
    def data(self) -> T_co | None:
        """The object."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The response as received."""


def is_missing(error: APIError) -> bool:
    """Return whether the service itself says that something does not exist.

    A 404 of another origin may come from a wrong path; an error of the engine may come with a 404.
    """
    return (isinstance(error, NotFound) or error.status == 404) and error.by_service


class Resource:
    """Hold the client whose `send` all methods go through."""

    def __init_subclass__(cls) -> None:
        check_arguments(cls)

    def __init__(self, client: ResourceClient) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"

    @property
    def _clock(self) -> Clock:
        """The client's source of time."""
        return self._client._clock

    def _send(self, plan: Plan[T], options: CallOptions) -> T:
        return self._client.send(plan, **options)

    def _delete(self, plan: Plan[Any], options: CallOptions, *, if_exists: bool) -> None:
        """Send a call that deletes something; with `if_exists`, that it is missing is no error."""
        try:
            self._client.send(plan, **options)
        except APIError as error:
            if not (if_exists and is_missing(error)):
                raise

    def _data(self, plan: Plan[Enveloped[M]], options: CallOptions, default: M | None = None) -> M:
        """Send a call and return what its response holds in ``data``.

        Args:
            plan: The call.
            options: Options of the call.
            default: What to return if there is no object; if not given, that is an error.

        Raises:
            ResponseDecodeError: There is nothing, or something other than an object.
        """
        response = self._client.send(plan, **options)
        data: M | None = response.data if isinstance(response.data, Model) else default
        raw = response.raw_response
        if data is None:
            problem = "the response has no data"
            if response.data is not None:
                kind = type(response.data).__name__
                problem = f"the data of the response is no object, but {kind}"
            raise data_error(response, plan.operation.id, problem)
        if raw is not None:
            data.received(raw)
        return data

    def _list(
        self,
        plan: Plan[Listing[T]],
        options: CallOptions,
        limit: int | None = None,
        page_size: int | None = None,
    ) -> Pager[T]:
        # The role of a `with` block is that of where the list was asked for, not iterated.
        options = self._client._merge_context(options)
        return Pager(self._client, plan, options, limit=limit, page_size=page_size)

    def _list_of(
        self, kind: type[M], plan: Plan[Any] | Fetch[Plan[Any]], options: CallOptions
    ) -> Pager[M]:
        """Return a list whose key in ``data`` is not documented; its plan may take calls itself."""
        options = self._client._merge_context(options)
        return Pager(self._client, plan, options, kind=kind)
