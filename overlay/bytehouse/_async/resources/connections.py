"""Stored connections to data sources."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.data_loading import (
    create_connection,
    delete_connection,
    get_connection,
    list_connections,
    update_connection,
)
from bytehouse_raw.models import Connection, CreateConnectionRequest, UpdateConnectionRequest

from ..._core.options import CallOptions
from ..._core.validation import require_name
from ..._params.import_jobs import short_name
from ..._params.import_sources import ConnectionLike, data_of, source_type
from ..paginator import AsyncPager
from ._base import AsyncResource


class AsyncConnections(AsyncResource):
    """List, create, read, change and delete connections: addresses and credentials of data sources,
    for import jobs to use.

    The docs do not show which keys the data of a connection has. `S3Connection`, `KafkaConnection`
    and so on know the likely ones (inferred); a mapping by wire name is always accepted and sent
    as it is. Secrets can be overwritten but never read: the service masks them. They are
    sent, and masked in everything that prints here, errors included.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[Connection]:
        """Iterate over the stored connections.

        `GET /v1/import/connections` (inferred, and so are the fields of a connection and the key of
        the next page)

        Args:
            limit: At most so many connections in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(list_connections.plan(), options, limit, page_size)

    async def create(
        self,
        name: str,
        data: ConnectionLike,
        *,
        type: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Connection:
        """Store a connection.

        `POST /v1/import/connections` (inferred, and so are the keys of `data` and the fields of the
        response)

        Args:
            name: Name, of 128 characters at most.
            data: Address and credentials: ``S3Connection(...)`` or another such class, or a mapping
                by wire name.
            type: Kind of source (LOCAL, S3, TOS, HIVE, KAFKA, KINESIS, ALI_OSS, MINIO, CFS, LASFS,
                MYSQL, BYTEHOUSE); needed with a mapping, and taken from the class otherwise.
            **options: Options of the call.

        Returns:
            The connection, with its id.

        Raises:
            InvalidArgument: The name is empty or too long, or the kind is missing or not known;
                nothing was sent.
            Conflict: There is such a connection already.
        """
        body = CreateConnectionRequest(
            name=short_name(name), type=source_type(data, type), data=data_of(data)
        )
        return await self._data(create_connection.plan(body=body), options)

    async def get(self, connection_id: int, **options: Unpack[CallOptions]) -> Connection:
        """Return one connection, its secrets masked.

        `GET /v1/import/connections/{id}` (inferred, and so are the fields of a connection)

        Args:
            connection_id: Id of the connection.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        plan = get_connection.plan(connection_id)
        return await self._data(plan, options)

    async def update(
        self, connection_id: int, name: str, data: ConnectionLike, **options: Unpack[CallOptions]
    ) -> None:
        """Replace the name and the data of a connection.

        `PUT /v1/import/connections/{id}` (inferred, and so are the keys of `data`)

        Data returned by `get` has its secrets masked: put the secrets in before sending it back.

        Args:
            connection_id: Id of the connection.
            name: New name.
            data: New address and credentials, as in `create`.
            **options: Options of the call.

        Raises:
            InvalidArgument: The name is empty, or `data` is not connection data; nothing was sent.
            NotFound: There is no such connection.
        """
        body = UpdateConnectionRequest(name=require_name(name, "name"), data=data_of(data))
        plan = update_connection.plan(connection_id, body=body)
        await self._send(plan, options)

    async def delete(self, connection_id: int, **options: Unpack[CallOptions]) -> None:
        """Delete a connection.

        `DELETE /v1/import/connections/{id}` (inferred)

        Args:
            connection_id: Id of the connection.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        await self._send(delete_connection.plan(connection_id), options)
