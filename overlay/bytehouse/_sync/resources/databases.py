# Derived from overlay/bytehouse/_async/resources/databases.py by `make generate`. Do not edit.
"""Databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from bytehouse_raw.api.databases import (
    create_database,
    delete_database,
    get_database,
    get_mysql_sync_status,
    list_databases,
)
from bytehouse_raw.models import (
    CreateDatabaseRequest,
    CreateDatabaseResponse,
    CreatedObject,
    Database,
    MysqlSyncStatus,
)
from bytehouse_raw.plan import Plan

from ..._core.differences import Difference, EnsureResult
from ..._core.options import CallOptions
from ..._core.validation import require_name
from ..ensure import EnsureResource
from ..paginator import Pager

if TYPE_CHECKING:
    from ..._api.polling import Fetch


class Databases(EnsureResource):
    """List, create, read and delete databases.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(
        self,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Database]:
        """Iterate over the databases that the role may see.

        `GET /v1/databases` (inferred)

        Args:
            filter: Keeps the databases that match; how the service matches is not documented.
            limit: At most so many databases in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(list_databases.plan(filter_=filter), options, limit, page_size)

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        if_not_exists: bool = False,
        **options: Unpack[CallOptions],
    ) -> CreatedObject:
        """Create a database. The service converts its name to lower case.

        `POST /v1/databases` (inferred)

        Args:
            name: Name.
            description: Free text.
            if_not_exists: Whether one that exists already is left as it is, without an error;
                `ensure` compares it too.
            **options: Options of the call.

        Returns:
            The id of the database.

        Raises:
            Conflict: There is one already.
        """
        create = _creation(name, description)
        read = self._reader(name.lower())
        return self._create(create, read, options, if_not_exists=if_not_exists)

    def exists(self, name: str, **options: Unpack[CallOptions]) -> bool:
        """Return whether a database exists that the role may see, by `get`.

        Args:
            name: Name.
            **options: Options of the call.

        Raises:
            NotFound: The path is not one of the service's, as far as can be determined.
        """
        return self._find(self._reader(name), options) is not None

    def _reader(self, name: str) -> Fetch[Database]:
        return lambda options: self.get(name, **options)

    def get(self, name: str, **options: Unpack[CallOptions]) -> Database:
        """Return one database, with its size in bytes and its number of tables.

        `GET /v1/databases/{db_name}` (inferred)

        Args:
            name: Name.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        return self._data(get_database.plan(name), options)

    def ensure(
        self, name: str, *, description: str | None = None, **options: Unpack[CallOptions]
    ) -> EnsureResult[Database]:
        """Ensure that a database exists: create it if it is missing, compare it if it exists, and
        change nothing that exists.

        `GET /v1/databases/{db_name}`, then `POST /v1/databases` (both inferred)

        It counts as missing only if the service itself says so: a 404 from a wrong path creates
        nothing.

        Args:
            name: Name; converted to lower case, as the service does.
            description: Free text; if not given, any will do.
            **options: Options of each call.

        Returns:
            The database, whether it was created, and whether its description differs. A service
            that returns no description counts as agreeing.

        Raises:
            NotFound: The path is not one of the service's, as far as can be determined.
        """
        name = require_name(name, "name").lower()

        def compare(live: Database) -> tuple[Difference, ...]:
            if description is None or live.description in (None, description):
                return ()
            return (Difference("description", live.description, description),)

        create = _creation(name, description)
        return self._ensure(self._reader(name), create, compare, options)

    def delete(self, name: str, *, if_exists: bool = False, **options: Unpack[CallOptions]) -> None:
        """Drop a database with everything in it.

        `DELETE /v1/databases/{db_name}` (inferred)

        Args:
            name: Name.
            if_exists: Whether it is no error if the service says that there is none.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        self._delete(delete_database.plan(name), options, if_exists=if_exists)

    def mysql_sync_status(self, name: str, **options: Unpack[CallOptions]) -> MysqlSyncStatus:
        """Return the progress of a database that mirrors a MySQL server, with its tables.

        `GET /v1/databases/{db_name}/sync-status` (inferred, and so are the fields of the response)

        Args:
            name: Name of the database.
            **options: Options of the call.

        Raises:
            NotFound: There is no such database, or it mirrors nothing.
        """
        return self._data(get_mysql_sync_status.plan(name), options)


def _creation(name: str, description: str | None) -> Plan[CreateDatabaseResponse]:
    body = CreateDatabaseRequest(name=require_name(name, "name"), description=description)
    return create_database.plan(body=body)
