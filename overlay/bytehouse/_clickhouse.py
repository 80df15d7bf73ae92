"""Connect to the tenant's ClickHouse interface, to move data in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._core.config import Config, KeySource
from ._core.credentials import read_key
from ._core.extras import import_optional
from ._core.secrets import Secret

if TYPE_CHECKING:
    from clickhouse_connect.driver import AsyncClient, Client


def _arguments(config: Config, key: KeySource, port: int) -> dict[str, Any]:
    parts = urlsplit(config.host)
    proxy = config.proxy.reveal() if isinstance(config.proxy, Secret) else config.proxy
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


class Interface:
    """Make clients of clickhouse-connect."""

    @staticmethod
    def connect(config: Config, key: KeySource, port: int, settings: dict[str, Any]) -> Client:
        """Return a client; it requests the version of the service first."""
        module = import_optional("clickhouse_connect", "clickhouse")
        client: Client = module.get_client(**_arguments(config, key, port), **settings)
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
        return client
