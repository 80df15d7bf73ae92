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

# Type checkers read these imports. `X as X` exports a name, as there is no `__all__` for them.
if TYPE_CHECKING:
    from bytehouse_raw.models import TTL as TTL
    from bytehouse_raw.models import AccountStatus as AccountStatus
    from bytehouse_raw.models import ApiKey as ApiKey
    from bytehouse_raw.models import ApiKeyStatus as ApiKeyStatus
    from bytehouse_raw.models import ClusterKey as ClusterKey
    from bytehouse_raw.models import ClusterStatus as ClusterStatus
    from bytehouse_raw.models import Column as Column
    from bytehouse_raw.models import Connection as Connection
    from bytehouse_raw.models import ConnectionData as ConnectionData
    from bytehouse_raw.models import CreatedObject as CreatedObject
    from bytehouse_raw.models import CreateWarehouseResponse as CreateWarehouseResponse
    from bytehouse_raw.models import Database as Database
    from bytehouse_raw.models import ErrorDetail as ErrorDetail
    from bytehouse_raw.models import Execution as Execution
    from bytehouse_raw.models import ExecutionLog as ExecutionLog
    from bytehouse_raw.models import ImportJob as ImportJob
    from bytehouse_raw.models import ImportJobConfiguration as ImportJobConfiguration
    from bytehouse_raw.models import ImportJobSourceSchema as ImportJobSourceSchema
    from bytehouse_raw.models import ImportJobStartArguments as ImportJobStartArguments
    from bytehouse_raw.models import ImportJobState as ImportJobState
    from bytehouse_raw.models import ImportSourceType as ImportSourceType
    from bytehouse_raw.models import KafkaStatus as KafkaStatus
    from bytehouse_raw.models import LineageObject as LineageObject
    from bytehouse_raw.models import MysqlSyncStatus as MysqlSyncStatus
    from bytehouse_raw.models import MysqlTableSyncStatus as MysqlTableSyncStatus
    from bytehouse_raw.models import Partition as Partition
    from bytehouse_raw.models import PartitionBounds as PartitionBounds
    from bytehouse_raw.models import PartitionKey as PartitionKey
    from bytehouse_raw.models import Permission as Permission
    from bytehouse_raw.models import QueryLineage as QueryLineage
    from bytehouse_raw.models import QueryResult as QueryResult
    from bytehouse_raw.models import QueryStatistics as QueryStatistics
    from bytehouse_raw.models import QueryStatus as QueryStatus
    from bytehouse_raw.models import QueryStopped as QueryStopped
    from bytehouse_raw.models import ResultColumn as ResultColumn
    from bytehouse_raw.models import Role as Role
    from bytehouse_raw.models import RoleAssignment as RoleAssignment
    from bytehouse_raw.models import StorageUsage as StorageUsage
    from bytehouse_raw.models import Table as Table
    from bytehouse_raw.models import UniqueKey as UniqueKey
    from bytehouse_raw.models import UserInfo as UserInfo
    from bytehouse_raw.models import UserReference as UserReference
    from bytehouse_raw.models import Warehouse as Warehouse
    from bytehouse_raw.models import WarehouseConfiguration as WarehouseConfiguration
    from bytehouse_raw.models import WarehouseUsage as WarehouseUsage
    from bytehouse_raw.types import UNSET as UNSET
    from bytehouse_raw.types import RawResponse as RawResponse
    from bytehouse_raw.types import Timestamp as Timestamp
    from bytehouse_raw.types import Unset as Unset

    from ._api.load_report import LoadReport as LoadReport
    from ._api.pagination import Page as Page
    from ._async.client import AsyncByteHouse as AsyncByteHouse
    from ._async.execution_handle import AsyncExecutionHandle as AsyncExecutionHandle
    from ._async.paginator import AsyncPager as AsyncPager
    from ._async.query_handle import AsyncQueryHandle as AsyncQueryHandle
    from ._async.result import AsyncResult as AsyncResult
    from ._async.session import AsyncSession as AsyncSession
    from ._async.table_plan import AsyncTablePlan as AsyncTablePlan
    from ._core.clock import Clock as Clock
    from ._core.config import Config as Config
    from ._core.differences import Difference as Difference
    from ._core.differences import EnsureResult as EnsureResult
    from ._core.options import CallOptions as CallOptions
    from ._core.options import StatementOptions as StatementOptions
    from ._core.options import ViewOptions as ViewOptions
    from ._core.retry import Retry as Retry
    from ._core.retry import RetryPolicy as RetryPolicy
    from ._core.secrets import Secret as Secret
    from ._params.api_keys import KeyRotation as KeyRotation
    from ._params.api_keys import NewApiKey as NewApiKey
    from ._params.import_configuration import ByteHouseSource as ByteHouseSource
    from ._params.import_configuration import CFSSource as CFSSource
    from ._params.import_configuration import HiveSource as HiveSource
    from ._params.import_configuration import ImportConfiguration as ImportConfiguration
    from ._params.import_configuration import KafkaSource as KafkaSource
    from ._params.import_configuration import KinesisSource as KinesisSource
    from ._params.import_configuration import LASFSSource as LASFSSource
    from ._params.import_configuration import LoadMode as LoadMode
    from ._params.import_configuration import LocalSource as LocalSource
    from ._params.import_configuration import MinIOSource as MinIOSource
    from ._params.import_configuration import MySQLSource as MySQLSource
    from ._params.import_configuration import OSSSource as OSSSource
    from ._params.import_configuration import S3Source as S3Source
    from ._params.import_configuration import TOSSource as TOSSource
    from ._params.import_sources import ByteHouseConnection as ByteHouseConnection
    from ._params.import_sources import CFSConnection as CFSConnection
    from ._params.import_sources import HiveConnection as HiveConnection
    from ._params.import_sources import KafkaConnection as KafkaConnection
    from ._params.import_sources import KinesisConnection as KinesisConnection
    from ._params.import_sources import LASFSConnection as LASFSConnection
    from ._params.import_sources import LocalConnection as LocalConnection
    from ._params.import_sources import MinIOConnection as MinIOConnection
    from ._params.import_sources import MySQLConnection as MySQLConnection
    from ._params.import_sources import OSSConnection as OSSConnection
    from ._params.import_sources import S3Connection as S3Connection
    from ._params.import_sources import TOSConnection as TOSConnection
    from ._params.permissions import Action as Action
    from ._params.permissions import ObjectKind as ObjectKind
    from ._results.usage import KafkaPoint as KafkaPoint
    from ._results.usage import KafkaSeries as KafkaSeries
    from ._results.usage import StoragePoint as StoragePoint
    from ._results.usage import StorageSeries as StorageSeries
    from ._results.usage import WarehousePoint as WarehousePoint
    from ._results.usage import WarehouseSeries as WarehouseSeries
    from ._sql.insert import InsertResult as InsertResult
    from ._sql.literals import Identifier as Identifier
    from ._sync.client import ByteHouse as ByteHouse
    from ._sync.execution_handle import ExecutionHandle as ExecutionHandle
    from ._sync.paginator import Pager as Pager
    from ._sync.query_handle import QueryHandle as QueryHandle
    from ._sync.result import Result as Result
    from ._sync.session import Session as Session
    from ._sync.table_plan import TablePlan as TablePlan
    from ._tables.changes import Change as Change
    from ._tables.spec import TableSpec as TableSpec
    from ._tables.spec import columns_from as columns_from
    from ._version import __version__ as __version__
    from .errors import APIError as APIError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import ByteHouseError as ByteHouseError
    from .errors import ConfigError as ConfigError
    from .errors import Conflict as Conflict
    from .errors import ExecutionFailed as ExecutionFailed
    from .errors import InsertFailed as InsertFailed
    from .errors import InvalidArgument as InvalidArgument
    from .errors import InvalidRequest as InvalidRequest
    from .errors import LostValuesWarning as LostValuesWarning
    from .errors import NotFound as NotFound
    from .errors import OutcomeUnknown as OutcomeUnknown
    from .errors import PermissionDenied as PermissionDenied
    from .errors import QueryFailed as QueryFailed
    from .errors import RateLimited as RateLimited
    from .errors import RefusedRowsWarning as RefusedRowsWarning
    from .errors import ResponseDecodeError as ResponseDecodeError
    from .errors import ServerError as ServerError
    from .errors import SkippedRow as SkippedRow
    from .errors import StalePlan as StalePlan
    from .errors import TimedOut as TimedOut
    from .errors import TransportError as TransportError

_MODULES = {
    "_api.load_report": "LoadReport",
    "_api.pagination": "Page",
    "_async.client": "AsyncByteHouse",
    "_async.execution_handle": "AsyncExecutionHandle",
    "_async.paginator": "AsyncPager",
    "_async.query_handle": "AsyncQueryHandle",
    "_async.result": "AsyncResult",
    "_async.session": "AsyncSession",
    "_async.table_plan": "AsyncTablePlan",
    "_core.clock": "Clock",
    "_core.config": "Config",
    "_core.differences": "Difference EnsureResult",
    "_core.options": "CallOptions StatementOptions ViewOptions",
    "_core.retry": "Retry RetryPolicy",
    "_core.secrets": "Secret",
    "_params.api_keys": "KeyRotation NewApiKey",
    "_params.import_configuration": """
        ByteHouseSource CFSSource HiveSource ImportConfiguration KafkaSource KinesisSource
        LASFSSource LoadMode LocalSource MinIOSource MySQLSource OSSSource S3Source
        TOSSource
    """,
    "_params.import_sources": """
        ByteHouseConnection CFSConnection HiveConnection KafkaConnection KinesisConnection
        LASFSConnection LocalConnection MinIOConnection MySQLConnection OSSConnection
        S3Connection TOSConnection
    """,
    "_params.permissions": "Action ObjectKind",
    "_results.usage": """
        KafkaPoint KafkaSeries StoragePoint StorageSeries WarehousePoint WarehouseSeries
    """,
    "_sql.insert": "InsertResult",
    "_sql.literals": "Identifier",
    "_sync.client": "ByteHouse",
    "_sync.execution_handle": "ExecutionHandle",
    "_sync.paginator": "Pager",
    "_sync.query_handle": "QueryHandle",
    "_sync.result": "Result",
    "_sync.session": "Session",
    "_sync.table_plan": "TablePlan",
    "_tables.changes": "Change",
    "_tables.spec": "TableSpec columns_from",
    "_version": "__version__",
    "bytehouse_raw.models": """
        AccountStatus ApiKey ApiKeyStatus ClusterKey ClusterStatus Column Connection
        ConnectionData CreateWarehouseResponse CreatedObject Database ErrorDetail Execution
        ExecutionLog ImportJob ImportJobConfiguration ImportJobSourceSchema
        ImportJobStartArguments ImportJobState ImportSourceType KafkaStatus LineageObject
        MysqlSyncStatus MysqlTableSyncStatus Partition PartitionBounds PartitionKey
        Permission QueryLineage QueryResult QueryStatistics QueryStatus QueryStopped ResultColumn
        Role RoleAssignment StorageUsage TTL Table UniqueKey UserInfo UserReference
        Warehouse WarehouseConfiguration WarehouseUsage
    """,
    "bytehouse_raw.types": "RawResponse Timestamp UNSET Unset",
    "errors": """
        APIError AuthenticationError ByteHouseError ConfigError Conflict ExecutionFailed
        InsertFailed InvalidArgument InvalidRequest LostValuesWarning NotFound OutcomeUnknown
        PermissionDenied QueryFailed RateLimited RefusedRowsWarning ResponseDecodeError ServerError
        SkippedRow StalePlan TimedOut TransportError
    """,
}
"""The names by module: each is imported when it is first used, so that importing the package costs
next to nothing."""
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

if not TYPE_CHECKING:  # for type checkers, a name that is not imported above does not exist
    __all__ = list(_MODULE_OF)

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = _MODULE_OF[name]
        package = "" if module.startswith("bytehouse_raw") else f"{__name__}."
        value = globals()[name] = getattr(import_module(package + module), name)
        return value


def __dir__() -> list[str]:
    return list(_MODULE_OF)
