"""Talk to ByteHouse from Python.

    from bytehouse import ByteHouse

    host = "tenant-1-cn-beijing-public.bytehouse.volces.com"
    with ByteHouse(host, api_key="env:BYTEHOUSE_KEY") as bh:
        for database in bh.databases.list():
            print(database.name)

`ByteHouse` and `AsyncByteHouse` have the same methods. What they raise is a `ByteHouseError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._async._client import AsyncByteHouse
    from ._async._execution_handle import AsyncExecutionHandle
    from ._async._pager import AsyncPager
    from ._async._query_handle import AsyncQueryHandle
    from ._async._result import AsyncResult
    from ._async._session import AsyncSession
    from ._async._table_plan import AsyncTablePlan
    from ._clock import Clock
    from ._column_types import ResultColumn
    from ._connections import (
        ByteHouseConnection,
        CFSConnection,
        HiveConnection,
        KafkaConnection,
        KinesisConnection,
        LASFSConnection,
        LocalConnection,
        MinIOConnection,
        MySQLConnection,
        OSSConnection,
        S3Connection,
        TOSConnection,
    )
    from ._ensure import Difference, Ensured
    from ._errors import (
        APIError,
        AuthenticationError,
        ByteHouseError,
        ConfigError,
        Conflict,
        ExecutionFailed,
        InsertFailed,
        InvalidArgument,
        InvalidRequest,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        QueryFailed,
        RateLimited,
        ResponseDecodeError,
        ServerError,
        StalePlan,
        TimedOut,
        TransportError,
    )
    from ._literals import Identifier
    from ._new_keys import KeyRotation, NewApiKey
    from ._options import CallOptions
    from ._retry import Retry, RetryPolicy
    from ._schema import TTL, ClusterKey, Column, PartitionKey, TableSpec, UniqueKey
    from ._sync._client import ByteHouse
    from ._sync._execution_handle import ExecutionHandle
    from ._sync._pager import Pager
    from ._sync._query_handle import QueryHandle
    from ._sync._result import Result
    from ._sync._session import Session
    from ._sync._table_plan import TablePlan
    from ._table_changes import Change

from ._version import __version__

_ERRORS = """
    APIError AuthenticationError ByteHouseError ConfigError Conflict ExecutionFailed
    InsertFailed InvalidArgument InvalidRequest
    NotFound OutcomeUnknown PermissionDenied QueryFailed RateLimited ResponseDecodeError ServerError
    StalePlan TimedOut TransportError
"""
_CONNECTIONS = """
    ByteHouseConnection CFSConnection HiveConnection KafkaConnection KinesisConnection
    LASFSConnection LocalConnection MinIOConnection MySQLConnection OSSConnection S3Connection
    TOSConnection
"""
_HOMES = {
    "_async._client": "AsyncByteHouse",
    "_async._execution_handle": "AsyncExecutionHandle",
    "_async._pager": "AsyncPager",
    "_async._query_handle": "AsyncQueryHandle",
    "_async._result": "AsyncResult",
    "_async._session": "AsyncSession",
    "_async._table_plan": "AsyncTablePlan",
    "_clock": "Clock",
    "_column_types": "ResultColumn",
    "_connections": _CONNECTIONS,
    "_ensure": "Difference Ensured",
    "_errors": _ERRORS,
    "_literals": "Identifier",
    "_new_keys": "KeyRotation NewApiKey",
    "_options": "CallOptions",
    "_retry": "Retry RetryPolicy",
    "_schema": "TTL ClusterKey Column PartitionKey UniqueKey TableSpec",
    "_sync._client": "ByteHouse",
    "_sync._execution_handle": "ExecutionHandle",
    "_sync._pager": "Pager",
    "_sync._query_handle": "QueryHandle",
    "_sync._result": "Result",
    "_sync._session": "Session",
    "_sync._table_plan": "TablePlan",
    "_table_changes": "Change",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "TTL",
    "APIError",
    "AsyncByteHouse",
    "AsyncExecutionHandle",
    "AsyncPager",
    "AsyncQueryHandle",
    "AsyncResult",
    "AsyncSession",
    "AsyncTablePlan",
    "AuthenticationError",
    "ByteHouse",
    "ByteHouseConnection",
    "ByteHouseError",
    "CFSConnection",
    "CallOptions",
    "Change",
    "Clock",
    "ClusterKey",
    "Column",
    "ConfigError",
    "Conflict",
    "Difference",
    "Ensured",
    "ExecutionFailed",
    "ExecutionHandle",
    "HiveConnection",
    "Identifier",
    "InsertFailed",
    "InvalidArgument",
    "InvalidRequest",
    "KafkaConnection",
    "KeyRotation",
    "KinesisConnection",
    "LASFSConnection",
    "LocalConnection",
    "MinIOConnection",
    "MySQLConnection",
    "NewApiKey",
    "NotFound",
    "OSSConnection",
    "OutcomeUnknown",
    "Pager",
    "PartitionKey",
    "PermissionDenied",
    "QueryFailed",
    "QueryHandle",
    "RateLimited",
    "ResponseDecodeError",
    "Result",
    "ResultColumn",
    "Retry",
    "RetryPolicy",
    "S3Connection",
    "ServerError",
    "Session",
    "StalePlan",
    "TOSConnection",
    "TablePlan",
    "TableSpec",
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
