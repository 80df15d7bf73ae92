"""Tables of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Unpack, overload

from bytehouse_raw.api.cluster_status import get_cluster_status
from bytehouse_raw.api.databases import (
    create_table,
    delete_table,
    get_table,
    list_tables,
    update_table,
)
from bytehouse_raw.models import (
    ClusterStatus,
    CreatedObject,
    Table,
    UpdateTableRequest,
)

from ..._core.differences import Difference, EnsureResult
from ..._core.options import CallOptions
from ..._core.validation import require_names
from ..._tables.diff import diff
from ..._tables.spec import (
    ClusterLike,
    ColumnsLike,
    PartitionLike,
    TableSpec,
    TTLLike,
    UniqueLike,
    columns_of,
    rename_of,
    require_spec,
    ttl_of,
)
from ...errors import InvalidArgument
from ..ensure import AsyncEnsureResource
from ..paginator import AsyncPager
from ..table_plan import AsyncTablePlan

if TYPE_CHECKING:
    from ..._api.polling import AsyncFetch


class AsyncTables(AsyncEnsureResource):
    """List, create, read, change and delete tables.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    def list(
        self,
        database: str,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[Table]:
        """Iterate over the tables of a database, views left out.

        `GET /v1/databases/{db_name}/tables` (inferred, and so are the fields of a table)

        Args:
            database: Name of the database.
            filter: Keeps the tables that match; how the service matches is not documented.
            limit: At most so many tables in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(list_tables.plan(database, filter_=filter), options, limit, page_size)

    @overload
    async def create(
        self,
        database: str,
        spec: TableSpec,
        /,
        *,
        if_not_exists: bool = False,
        **options: Unpack[CallOptions],
    ) -> CreatedObject: ...

    @overload
    async def create(
        self,
        database: str,
        name: str,
        columns: ColumnsLike,
        *,
        order_by: Iterable[str] | str,
        primary_key: Iterable[str] | str | None = None,
        partition_by: Iterable[PartitionLike] | PartitionLike | None = None,
        unique_key: UniqueLike | None = None,
        cluster_key: ClusterLike | None = None,
        sample_by: str | None = None,
        ttl: TTLLike | None = None,
        description: str | None = None,
        if_not_exists: bool = False,
        **options: Unpack[CallOptions],
    ) -> CreatedObject: ...

    async def create(
        self,
        database: str,
        name: str | TableSpec,
        columns: ColumnsLike | None = None,
        *,
        order_by: Iterable[str] | str = (),
        primary_key: Iterable[str] | str | None = None,
        partition_by: Iterable[PartitionLike] | PartitionLike | None = None,
        unique_key: UniqueLike | None = None,
        cluster_key: ClusterLike | None = None,
        sample_by: str | None = None,
        ttl: TTLLike | None = None,
        description: str | None = None,
        if_not_exists: bool = False,
        **options: Unpack[CallOptions],
    ) -> CreatedObject:
        """Create a table, from a `TableSpec` or from the arguments of one. Its sort key is fixed
        from then on.

        `POST /v1/databases/{db_name}/tables` (inferred; the inner fields of ttl, unique key and
        cluster key too)

        Args:
            database: Name of the database.
            name: Name of the table; or the `TableSpec`, and nothing else then.
            columns: `Column` objects, ``(name, type)`` pairs, mappings, one mapping of names to
                types, a dataclass, or a pyarrow, pandas or polars object (see `columns_from`).
            order_by: Sort key: one to five columns, none of them Nullable.
            primary_key: A prefix of the sort key; if not given, the whole of it.
            partition_by: Columns or `PartitionKey` objects.
            unique_key: Columns, or a `UniqueKey`, by which rows are upserted.
            cluster_key: A `ClusterKey`, by which rows are distributed over buckets; or its columns
                and the number of buckets, ``("id", 8)`` or ``"id INTO 8 BUCKETS"``.
            sample_by: Sampling expression.
            ttl: How long rows are kept: a `TTL`, an expression such as ``"day + INTERVAL 7 DAY"``,
                or a column and a duration, ``("day", "7d")``.
            description: Free text.
            if_not_exists: Whether a table that exists already is left as it is, without an error;
                `ensure` and `plan` compare it too.
            **options: Options of the call.

        Returns:
            The id of the table.

        Raises:
            InvalidArgument: There is no column or no sort key, or a name is missing or duplicated;
                nothing was sent.
            Conflict: There is such a table already.
        """
        if isinstance(name, TableSpec):
            spec = name
        else:
            spec = TableSpec(
                name,
                () if columns is None else columns,
                order_by=order_by,
                primary_key=primary_key,
                partition_by=partition_by,
                unique_key=unique_key,
                cluster_key=cluster_key,
                sample_by=sample_by,
                ttl=ttl,
                description=description,
            )
        create = create_table.plan(database, body=spec.request())
        read = self._reader(database, spec.name)
        return await self._create(create, read, options, if_not_exists=if_not_exists)

    async def exists(self, database: str, name: str, **options: Unpack[CallOptions]) -> bool:
        """Return whether a table exists that the role may see, by `get`.

        Args:
            database: Name of the database.
            name: Name of the table.
            **options: Options of the call.

        Raises:
            NotFound: The path is not one of the service's, as far as can be determined.
        """
        return await self._find(self._reader(database, name), options) is not None

    def _reader(self, database: str, name: str) -> AsyncFetch[Table]:
        return lambda options: self.get(database, name, **options)

    async def ensure(
        self, database: str, spec: TableSpec, **options: Unpack[CallOptions]
    ) -> EnsureResult[Table]:
        """Ensure that a table exists: create it if it is missing, compare it if it exists, and
        change nothing that exists.

        `GET /v1/databases/{db_name}/tables/{table_name}`, then
        `POST /v1/databases/{db_name}/tables` (both inferred)

        It counts as missing only if the service itself says so: a 404 from a wrong path creates
        nothing. What differs can be changed by `plan`, which also shows what the service does not
        return and this leaves uncompared.

        Args:
            database: Name of the database.
            spec: The wanted table.
            **options: Options of each call.

        Returns:
            The table, whether it was created, and what differs.

        Raises:
            NotFound: There is no such database, or the path is not one of the service's, as far as
                can be determined.
        """
        body = require_spec(spec).request()

        def compare(live: Table) -> tuple[Difference, ...]:
            return diff(body, live).changes

        create = create_table.plan(database, body=body)
        return await self._ensure(self._reader(database, spec.name), create, compare, options)

    async def plan(
        self,
        database: str,
        desired: TableSpec,
        *,
        renames: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncTablePlan:
        """Compare a table with what it should be, and return a plan of the changes; nothing is
        changed until its `apply`. A table that is missing, if the service itself says so, is to be
        created.

        `GET /v1/databases/{db_name}/tables/{table_name}` (inferred, and so are the fields of a
        table)

        Spelling does not count: ``int`` is ``Int32``, ``Nullable(T)`` is T with `nullable`, a key
        may be written as columns or as an expression. What the service does not return of the
        live table is not a difference; the plan lists it separately.

        Example:
            plan = await bh.tables.plan("sales", desired, renames={"note": "remark"})
            print(plan)
            await plan.apply()

        Args:
            database: Name of the database.
            desired: The wanted table.
            renames: Current names of columns to new ones: without it, a renamed column is one to
                drop and one to add. Renames that have been made already are ignored.
            **options: Options of this call and, unless `apply` is given others, of its calls.

        Raises:
            NotFound: The path is not one of the service's, as far as can be determined.
            InvalidArgument: A rename matches neither table.
        """
        options = self._client._merge_context(options)
        name = require_spec(desired).name
        live = await self._find(self._reader(database, name), options)
        return AsyncTablePlan(
            self._client, database, desired, live, renames=renames or {}, options=options
        )

    async def get(self, database: str, name: str, **options: Unpack[CallOptions]) -> Table:
        """Return one table with its columns and keys.

        `GET /v1/databases/{db_name}/tables/{table_name}` (inferred, and so are the fields of a
        table)

        Args:
            database: Name of the database.
            name: Name of the table.
            **options: Options of the call.

        Raises:
            NotFound: There is no such table.
        """
        return await self._data(get_table.plan(database, name), options)

    async def update(
        self,
        database: str,
        name: str,
        *,
        add: ColumnsLike | None = None,
        drop: Iterable[str] | str | None = None,
        modify: ColumnsLike | None = None,
        rename: Mapping[str, str] | None = None,
        ttl: TTLLike | None = None,
        remove_ttl: bool = False,
        **options: Unpack[CallOptions],
    ) -> None:
        """Change the columns of a table, or its time to live.

        `PATCH /v1/databases/{db_name}/tables/{table_name}` (inferred; the inner fields of a
        renaming and of ttl too)

        Args:
            database: Name of the database.
            name: Name of the table.
            add: Columns to add.
            drop: Names of columns to drop, with their values.
            modify: Columns to give another type, nullability, default or comment.
            rename: Current names to new ones.
            ttl: How long to keep rows from now on.
            remove_ttl: Whether rows no longer expire.
            **options: Options of the call.

        Raises:
            InvalidArgument: There is nothing to change, or `ttl` and `remove_ttl` are both given;
                nothing was sent.
            NotFound: There is no such table.
        """
        if ttl is not None and remove_ttl:
            raise InvalidArgument("ttl and remove_ttl exclude each other.")
        body = UpdateTableRequest(
            add_columns=None if add is None else columns_of(add, "add"),
            drop_columns=None if drop is None else require_names(drop, "drop"),
            modify_columns=None if modify is None else columns_of(modify, "modify"),
            rename_columns=rename_of(rename) or None,
            ttl=ttl_of(ttl),
            is_remove_ttl=remove_ttl or None,
        )
        if not body.to_dict():
            raise InvalidArgument("There is nothing to change.")
        await self._send(update_table.plan(database, name, body=body), options)

    async def delete(
        self, database: str, name: str, *, if_exists: bool = False, **options: Unpack[CallOptions]
    ) -> None:
        """Drop a table and its rows.

        `DELETE /v1/databases/{db_name}/tables/{table_name}` (inferred)

        Args:
            database: Name of the database.
            name: Name of the table.
            if_exists: Whether it is no error if the service says that there is none.
            **options: Options of the call.

        Raises:
            NotFound: There is no such table.
        """
        await self._delete(delete_table.plan(database, name), options, if_exists=if_exists)

    async def cluster_status(
        self, database: str, name: str, **options: Unpack[CallOptions]
    ) -> ClusterStatus:
        """Return the progress of distributing the rows of a table over its buckets.

        `GET /v1/databases/{db_name}/tables/{table_name}/cluster-status` (inferred, and so are the
        fields of the response). The operation takes no role.

        Args:
            database: Name of the database.
            name: Name of the table.
            **options: Options of the call.

        Raises:
            NotFound: There is no such table, or it has no buckets.
        """
        return await self._data(get_cluster_status.plan(database, name), options)
