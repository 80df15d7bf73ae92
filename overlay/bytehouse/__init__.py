"""Talk to ByteHouse from Python.

    from bytehouse import ByteHouse

    with ByteHouse("tenant-1-cn-beijing-public.bytehouse.volces.com", api_key="env:BYTEHOUSE_KEY")
    as bh:
        for database in bh.databases.list():
            print(database.name)

`ByteHouse` and `AsyncByteHouse` have the same methods. What they raise is a `ByteHouseError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._async._client import AsyncByteHouse
    from ._async._pager import AsyncPager
    from ._async._query_handle import AsyncQueryHandle
    from ._async._session import AsyncSession
    from ._clock import Clock
    from ._errors import (
        APIError,
        AuthenticationError,
        ByteHouseError,
        ConfigError,
        Conflict,
        InvalidArgument,
        InvalidRequest,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        QueryFailed,
        RateLimited,
        ResponseDecodeError,
        ServerError,
        TimedOut,
        TransportError,
    )
    from ._options import CallOptions
    from ._retry import RetryPolicy
    from ._schema import TTL, ClusterKey, Column, PartitionKey, UniqueKey
    from ._sync._client import ByteHouse
    from ._sync._pager import Pager
    from ._sync._query_handle import QueryHandle
    from ._sync._session import Session

from ._version import __version__

_ERRORS = """
    APIError AuthenticationError ByteHouseError ConfigError Conflict InvalidArgument InvalidRequest
    NotFound OutcomeUnknown PermissionDenied QueryFailed RateLimited ResponseDecodeError ServerError
    TimedOut TransportError
"""
_HOMES = {
    "_async._client": "AsyncByteHouse",
    "_async._pager": "AsyncPager",
    "_async._query_handle": "AsyncQueryHandle",
    "_async._session": "AsyncSession",
    "_clock": "Clock",
    "_errors": _ERRORS,
    "_options": "CallOptions",
    "_retry": "RetryPolicy",
    "_schema": "TTL ClusterKey Column PartitionKey UniqueKey",
    "_sync._client": "ByteHouse",
    "_sync._pager": "Pager",
    "_sync._query_handle": "QueryHandle",
    "_sync._session": "Session",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "TTL",
    "APIError",
    "AsyncByteHouse",
    "AsyncPager",
    "AsyncQueryHandle",
    "AsyncSession",
    "AuthenticationError",
    "ByteHouse",
    "ByteHouseError",
    "CallOptions",
    "Clock",
    "ClusterKey",
    "Column",
    "ConfigError",
    "Conflict",
    "InvalidArgument",
    "InvalidRequest",
    "NotFound",
    "OutcomeUnknown",
    "Pager",
    "PartitionKey",
    "PermissionDenied",
    "QueryFailed",
    "QueryHandle",
    "RateLimited",
    "ResponseDecodeError",
    "RetryPolicy",
    "ServerError",
    "Session",
    "TimedOut",
    "TransportError",
    "UniqueKey",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # Each name is imported when it is first asked for: importing the package costs next to nothing.
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
