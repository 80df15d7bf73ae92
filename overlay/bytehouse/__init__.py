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
    from bytehouse_raw.models import (
        TTL,
        AccountStatus,
        ApiKey,
        ApiKeyStatus,
        ClusterKey,
        ClusterStatus,
        Column,
        Connection,
        ConnectionData,
        CreatedObject,
        CreateWarehouseResponse,
        Database,
        ErrorDetail,
        Execution,
        ExecutionLog,
        ImportJob,
        ImportJobConfiguration,
        ImportJobSourceSchema,
        ImportJobStartArguments,
        ImportJobState,
        ImportSourceType,
        KafkaStatus,
        LineageObject,
        MysqlSyncStatus,
        MysqlTableSyncStatus,
        Partition,
        PartitionBounds,
        PartitionKey,
        Permission,
        QueryLineage,
        QueryResult,
        QueryStatistics,
        QueryStatus,
        QueryStopped,
        Role,
        RoleAssignment,
        StorageUsage,
        Table,
        UniqueKey,
        UserInfo,
        UserReference,
        Warehouse,
        WarehouseConfiguration,
        WarehouseUsage,
    )
    from bytehouse_raw.types import UNSET, RawResponse, Timestamp, Unset

    from ._api.load_report import LoadReport
    from ._api.pagination import Page
    from ._async.client import AsyncByteHouse
    from ._async.execution_handle import AsyncExecutionHandle
    from ._async.paginator import AsyncPager
    from ._async.query_handle import AsyncQueryHandle
    from ._async.result import AsyncResult
    from ._async.session import AsyncSession
    from ._async.table_plan import AsyncTablePlan
    from ._core.clock import Clock
    from ._core.config import Config
    from ._core.differences import Difference, EnsureResult
    from ._core.options import CallOptions
    from ._core.retry import Retry, RetryPolicy
    from ._core.secrets import Secret
    from ._params.api_keys import KeyRotation, NewApiKey
    from ._params.import_configuration import (
        ByteHouseSource,
        CFSSource,
        HiveSource,
        ImportConfiguration,
        KafkaSource,
        KinesisSource,
        LASFSSource,
        LoadMode,
        LocalSource,
        MinIOSource,
        MySQLSource,
        OSSSource,
        S3Source,
        TOSSource,
    )
    from ._params.import_sources import (
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
    from ._params.permissions import Action, ObjectKind
    from ._results.usage import (
        KafkaPoint,
        KafkaSeries,
        StoragePoint,
        StorageSeries,
        WarehousePoint,
        WarehouseSeries,
    )
    from ._sql.insert import InsertResult
    from ._sql.literals import Identifier
    from ._sync.client import ByteHouse
    from ._sync.execution_handle import ExecutionHandle
    from ._sync.paginator import Pager
    from ._sync.query_handle import QueryHandle
    from ._sync.result import Result
    from ._sync.session import Session
    from ._sync.table_plan import TablePlan
    from ._tables.changes import Change
    from ._tables.spec import TableSpec, columns_from
    from ._types.codecs import ResultColumn
    from .errors import (
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
        RefusedRowsWarning,
        ResponseDecodeError,
        ServerError,
        SkippedRow,
        StalePlan,
        TimedOut,
        TransportError,
    )

from ._version import __version__

_CONNECTIONS = """
    ByteHouseConnection CFSConnection HiveConnection KafkaConnection KinesisConnection
    LASFSConnection LocalConnection MinIOConnection MySQLConnection OSSConnection S3Connection
    TOSConnection
"""
_MODELS = """
    AccountStatus ApiKey ApiKeyStatus ClusterKey ClusterStatus Column Connection
    ConnectionData CreateWarehouseResponse CreatedObject Database ErrorDetail Execution
    ExecutionLog ImportJob ImportJobConfiguration ImportJobSourceSchema
    ImportJobStartArguments ImportJobState ImportSourceType KafkaStatus LineageObject
    MysqlSyncStatus MysqlTableSyncStatus Partition PartitionBounds PartitionKey Permission
    QueryLineage QueryResult QueryStatistics QueryStatus QueryStopped Role RoleAssignment
    StorageUsage TTL Table UniqueKey UserInfo UserReference Warehouse WarehouseConfiguration
    WarehouseUsage
"""
_SOURCES = """
    ByteHouseSource CFSSource HiveSource ImportConfiguration KafkaSource KinesisSource LASFSSource
    LoadMode LocalSource MinIOSource MySQLSource OSSSource S3Source TOSSource
"""
_USAGE = """
    KafkaPoint KafkaSeries StoragePoint StorageSeries WarehousePoint WarehouseSeries
"""
_MODULES = {
    "_api.load_report": "LoadReport",
    "bytehouse_raw.models": _MODELS,
    "bytehouse_raw.types": "UNSET RawResponse Timestamp Unset",
    "_async.client": "AsyncByteHouse",
    "_async.execution_handle": "AsyncExecutionHandle",
    "_async.paginator": "AsyncPager",
    "_async.query_handle": "AsyncQueryHandle",
    "_async.result": "AsyncResult",
    "_async.session": "AsyncSession",
    "_async.table_plan": "AsyncTablePlan",
    "_api.pagination": "Page",
    "_core.clock": "Clock",
    "_core.config": "Config",
    "_types.codecs": "ResultColumn",
    "_params.import_configuration": _SOURCES,
    "_params.import_sources": _CONNECTIONS,
    "_params.permissions": "Action ObjectKind",
    "_results.usage": _USAGE,
    "_core.differences": "Difference EnsureResult",
    "_sql.insert": "InsertResult",
    "_sql.literals": "Identifier",
    "_params.api_keys": "KeyRotation NewApiKey",
    "_core.options": "CallOptions",
    "_core.retry": "Retry RetryPolicy",
    "_core.secrets": "Secret",
    "_tables.spec": "TableSpec columns_from",
    "_sync.client": "ByteHouse",
    "_sync.execution_handle": "ExecutionHandle",
    "_sync.paginator": "Pager",
    "_sync.query_handle": "QueryHandle",
    "_sync.result": "Result",
    "_sync.session": "Session",
    "_sync.table_plan": "TablePlan",
    "_tables.changes": "Change",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "TTL",
    "UNSET",
    "APIError",
    "AccountStatus",
    "Action",
    "ApiKey",
    "ApiKeyStatus",
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
    "ByteHouseSource",
    "CFSConnection",
    "CFSSource",
    "CallOptions",
    "Change",
    "Clock",
    "ClusterKey",
    "ClusterStatus",
    "Column",
    "Config",
    "ConfigError",
    "Conflict",
    "Connection",
    "ConnectionData",
    "CreateWarehouseResponse",
    "CreatedObject",
    "Database",
    "Difference",
    "EnsureResult",
    "ErrorDetail",
    "Execution",
    "ExecutionFailed",
    "ExecutionHandle",
    "ExecutionLog",
    "HiveConnection",
    "HiveSource",
    "Identifier",
    "ImportConfiguration",
    "ImportJob",
    "ImportJobConfiguration",
    "ImportJobSourceSchema",
    "ImportJobStartArguments",
    "ImportJobState",
    "ImportSourceType",
    "InsertFailed",
    "InsertResult",
    "InvalidArgument",
    "InvalidRequest",
    "KafkaConnection",
    "KafkaPoint",
    "KafkaSeries",
    "KafkaSource",
    "KafkaStatus",
    "KeyRotation",
    "KinesisConnection",
    "KinesisSource",
    "LASFSConnection",
    "LASFSSource",
    "LineageObject",
    "LoadMode",
    "LoadReport",
    "LocalConnection",
    "LocalSource",
    "MinIOConnection",
    "MinIOSource",
    "MySQLConnection",
    "MySQLSource",
    "MysqlSyncStatus",
    "MysqlTableSyncStatus",
    "NewApiKey",
    "NotFound",
    "OSSConnection",
    "OSSSource",
    "ObjectKind",
    "OutcomeUnknown",
    "Page",
    "Pager",
    "Partition",
    "PartitionBounds",
    "PartitionKey",
    "Permission",
    "PermissionDenied",
    "QueryFailed",
    "QueryHandle",
    "QueryLineage",
    "QueryResult",
    "QueryStatistics",
    "QueryStatus",
    "QueryStopped",
    "RateLimited",
    "RawResponse",
    "RefusedRowsWarning",
    "ResponseDecodeError",
    "Result",
    "ResultColumn",
    "Retry",
    "RetryPolicy",
    "Role",
    "RoleAssignment",
    "S3Connection",
    "S3Source",
    "Secret",
    "ServerError",
    "Session",
    "SkippedRow",
    "StalePlan",
    "StoragePoint",
    "StorageSeries",
    "StorageUsage",
    "TOSConnection",
    "TOSSource",
    "Table",
    "TablePlan",
    "TableSpec",
    "TimedOut",
    "Timestamp",
    "TransportError",
    "UniqueKey",
    "Unset",
    "UserInfo",
    "UserReference",
    "Warehouse",
    "WarehouseConfiguration",
    "WarehousePoint",
    "WarehouseSeries",
    "WarehouseUsage",
    "__version__",
    "columns_from",
]


def __getattr__(name: str) -> Any:
    # Each name is imported when it is first used: importing the package costs next to nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULE_OF.get(name, "errors")
    found = import_module(module if module.startswith("bytehouse_raw") else f"{__name__}.{module}")
    value = globals()[name] = getattr(found, name)
    return value


def __dir__() -> list[str]:
    return __all__
