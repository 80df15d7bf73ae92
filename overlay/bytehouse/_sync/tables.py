# Derived from overlay/bytehouse/_async/tables.py by `make generate`. Do not edit.
"""Tables of a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from bytehouse_raw.api.databases import (
    create_table,
    delete_table,
    get_table,
    list_tables,
    update_table,
)
from bytehouse_raw.models import (
    ClusterKey,
    CreatedObject,
    CreateTableRequest,
    RenameColumn,
    Table,
    TableTtl,
    UniqueKey,
    UpdateTableRequest,
)

from .._errors import InvalidArgument
from .._options import CallOptions
from .._schema import ColumnLike, PartitionLike, columns_of, keys_of, model_of, name_of, names_of
from ._pager import Pager
from ._resource import Resource

__all__ = ["Tables"]


class Tables(Resource):
    """List, create, read, change and delete tables.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see
    `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(
        self,
        database: str,
        *,
        filter: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Table]:
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

    def create(
        self,
        database: str,
        name: str,
        columns: Iterable[ColumnLike] | Mapping[str, str],
        *,
        order_by: Iterable[str] | str,
        primary_key: Iterable[str] | str | None = None,
        partition_by: Iterable[PartitionLike] | PartitionLike | None = None,
        unique_key: UniqueKey | Mapping[str, Any] | None = None,
        cluster_key: ClusterKey | Mapping[str, Any] | None = None,
        sample_by: str | None = None,
        ttl: TableTtl | Mapping[str, Any] | None = None,
        description: str | None = None,
        **options: Unpack[CallOptions],
    ) -> CreatedObject:
        """Create a table. Its sort key is fixed from then on.

        `POST /v1/databases/{db_name}/tables` (inferred; the inner fields of ttl, unique key and
        cluster key too)

        Args:
            database: Name of the database.
            name: Name of the table.
            columns: `Column` objects, ``(name, type)`` pairs, mappings by wire name, or one mapping
                of names to types.
            order_by: Sort key: one to five columns, none of them Nullable.
            primary_key: A left part of the sort key; left out, the whole of it.
            partition_by: Columns or `PartitionKey` objects.
            unique_key: Key that rows are upserted by.
            cluster_key: Key that rows are spread over buckets by.
            sample_by: Sampling expression.
            ttl: How long rows are kept.
            description: Free text.
            **options: Options of the call.

        Returns:
            The id of the table.

        Raises:
            InvalidArgument: There is no column or no sort key, or a name is missing or there twice;
                nothing was sent.
            Conflict: There is such a table already.
        """
        plan = create_table.plan(
            database,
            body=CreateTableRequest(
                name=name_of(name, "name"),
                columns=columns_of(columns),
                order_by_keys=names_of(order_by, "order_by"),
                primary_keys=None if primary_key is None else names_of(primary_key, "primary_key"),
                partition_keys=keys_of(partition_by),
                unique_key=model_of(UniqueKey, unique_key),
                cluster_key=model_of(ClusterKey, cluster_key),
                sampling_key=sample_by,
                ttl=model_of(TableTtl, ttl),
                description=description,
            ),
        )
        return self._data(plan, options)

    def get(self, database: str, name: str, **options: Unpack[CallOptions]) -> Table:
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
        plan = get_table.plan(database, name)
        return self._data(plan, options)

    def update(
        self,
        database: str,
        name: str,
        *,
        add: Iterable[ColumnLike] | Mapping[str, str] | None = None,
        drop: Iterable[str] | str | None = None,
        modify: Iterable[ColumnLike] | Mapping[str, str] | None = None,
        rename: Mapping[str, str] | None = None,
        ttl: TableTtl | Mapping[str, Any] | None = None,
        remove_ttl: bool = False,
        **options: Unpack[CallOptions],
    ) -> None:
        """Change the columns of a table, or how long its rows are kept.

        `PATCH /v1/databases/{db_name}/tables/{table_name}` (inferred; the inner fields of a
        renaming and of ttl too)

        Args:
            database: Name of the database.
            name: Name of the table.
            add: Columns to add.
            drop: Names of columns to drop, with their values.
            modify: Columns to give another type, nullability, default or comment.
            rename: Present names to new ones.
            ttl: How long to keep rows from now on.
            remove_ttl: Whether to keep rows for good from now on.
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
            drop_columns=None if drop is None else names_of(drop, "drop"),
            modify_columns=None if modify is None else columns_of(modify, "modify"),
            rename_columns=[
                RenameColumn(name=old, new_name=new) for old, new in (rename or {}).items()
            ]
            or None,
            ttl=model_of(TableTtl, ttl),
            is_remove_ttl=remove_ttl or None,
        )
        if not body.to_dict():
            raise InvalidArgument("There is nothing to change.")
        self._send(update_table.plan(database, name, body=body), options)

    def delete(self, database: str, name: str, **options: Unpack[CallOptions]) -> None:
        """Drop a table and its rows.

        `DELETE /v1/databases/{db_name}/tables/{table_name}` (inferred)

        Args:
            database: Name of the database.
            name: Name of the table.
            **options: Options of the call.

        Raises:
            NotFound: There is no such table.
        """
        self._send(delete_table.plan(database, name), options)
