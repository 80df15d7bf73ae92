"""Connect to the tenant's ClickHouse interface, to move data in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._core.config import Config, KeySource
from ._core.credentials import read_key
from ._core.extras import import_optional
from ._core.secrets import revealed
from ._sql.literals import Identifier
from .errors import InvalidArgument

if TYPE_CHECKING:
    from clickhouse_connect.driver import AsyncClient, Client
    from clickhouse_connect.driver.insert import InsertContext


def _arguments(config: Config, key: KeySource, port: int) -> dict[str, Any]:
    parts = urlsplit(config.host)
    proxy = None if config.proxy is None else revealed(config.proxy)
    found = {
        "host": parts.hostname,
        "port": port,
        "secure": parts.scheme == "https",
        "username": "bytehouse",
        "password": read_key(key).reveal(),
        "ca_cert": config.ca_file,
        "client_cert": config.client_cert,
        # Otherwise a certificate would replace the key.
        "tls_mode": "strict" if config.client_cert else None,
        "https_proxy": proxy,
    }
    return {name: value for name, value in found.items() if value is not None}


# Columns of DESCRIBE that clickhouse-connect does not know and raises on (inferred from the
# open-source core): `flags`, and in `ansi_sql` `nullable`, in which case the type is without it.
_Row = Mapping[str, str]


def _describe(table: str, database: str | None) -> str:
    if not database or "." in table:
        return f"DESCRIBE TABLE {table}"
    return f"DESCRIBE TABLE {Identifier(database, table.strip('`'))}"


def _column_types(
    rows: Iterable[_Row], names: str | Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Return names and types for an insert, so that the client does not describe the table."""
    types = {
        row["name"]: f"Nullable({row['type']})" if row.get("nullable") == "true" else row["type"]
        for row in rows
        if row["default_type"] not in ("ALIAS", "MATERIALIZED")
    }
    wanted = list(types) if names is None or names == "*" else names
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    if unknown := [name for name in wanted if name not in types]:
        raise InvalidArgument(
            f"The table has no column {unknown[0]!r}.", hint=f"It has: {', '.join(types)}."
        )
    return wanted, [types[name] for name in wanted]


class Interface:
    """Make clients of clickhouse-connect."""

    @staticmethod
    def connect(config: Config, key: KeySource, port: int, settings: dict[str, Any]) -> Client:
        """Return a client; it requests the version of the service first."""
        module = import_optional("clickhouse_connect", "clickhouse")
        client: Client = module.get_client(**_arguments(config, key, port), **settings)
        create = client.create_insert_context

        def create_insert_context(
            table: str,
            column_names: str | Sequence[str] | None = None,
            database: str | None = None,
            column_types: Any = None,
            column_type_names: Sequence[str] | None = None,
            *args: Any,
            **kwargs: Any,
        ) -> InsertContext:
            if column_types is None and column_type_names is None:
                rows = client.query(_describe(table, database)).named_results()
                column_names, column_type_names = _column_types(rows, column_names)
            return create(
                table, column_names, database, column_types, column_type_names, *args, **kwargs
            )

        client.create_insert_context = create_insert_context  # type: ignore[method-assign]  # of this one
        return client


class AsyncInterface:
    """Make asynchronous clients of clickhouse-connect."""

    @staticmethod
    async def connect(
        config: Config, key: KeySource, port: int, settings: dict[str, Any]
    ) -> AsyncClient:
        """Return a client; it requests the version of the service first."""
        module = import_optional("clickhouse_connect", "clickhouse")
        import_optional("aiohttp", "aiohttp,clickhouse")  # its asynchronous client needs it
        client: AsyncClient = await module.get_async_client(
            **_arguments(config, key, port), **settings
        )
        create = client.create_insert_context

        async def create_insert_context(
            table: str,
            column_names: str | Sequence[str] | None = None,
            database: str | None = None,
            column_types: Any = None,
            column_type_names: Sequence[str] | None = None,
            *args: Any,
            **kwargs: Any,
        ) -> InsertContext:
            if column_types is None and column_type_names is None:
                rows = (await client.query(_describe(table, database))).named_results()
                column_names, column_type_names = _column_types(rows, column_names)
            return await create(
                table, column_names, database, column_types, column_type_names, *args, **kwargs
            )

        client.create_insert_context = create_insert_context  # type: ignore[method-assign]  # of this one
        return client
