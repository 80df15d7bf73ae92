"""The client for the ClickHouse interface connects to the right host, with the key."""

from __future__ import annotations

import asyncio
import logging
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_connect.driver import AsyncClient, Client

from bytehouse import AsyncByteHouse, ByteHouse, ConfigError
from bytehouse_raw.operations import ROLE_HEADER
from tests.core.test_config import certificate
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, Seen

__all__ = ["certificate"]

BASIC = f"Basic {b64encode(f'bytehouse:{KEY}'.encode()).decode()}"
RunQuery = Callable[..., str]


def respond_to(seen: Seen) -> Reply:
    """Respond as the ClickHouse interface does on connecting, and to `SELECT 'hello'`."""
    if b"version()" in seen.body or "version()" in seen.target:
        return Reply(body=b"24.8.1.1\tUTC\n")
    return Reply(body=b"hello\n" if b"hello" in seen.body or "hello" in seen.target else b"")


def query_sync(host: str, port: int, **settings: Any) -> str:
    """Run a query through the synchronous client."""
    with ByteHouse(host, lambda: KEY, **settings) as bh:
        client = bh.clickhouse(port=port)
        assert isinstance(client, Client)
        assert KEY not in repr(client) + str(client)
        try:
            return str(client.command("SELECT 'hello'"))
        finally:
            client.close()


def query_async(host: str, port: int, **settings: Any) -> str:
    """Run a query through the asynchronous client."""

    async def main() -> str:
        async with AsyncByteHouse(host, lambda: KEY, **settings) as bh:
            client = await bh.clickhouse(port=port)
            assert isinstance(client, AsyncClient)
            assert KEY not in repr(client) + str(client)
            try:
                return str(await client.command("SELECT 'hello'"))
            finally:
                await client.close()

    return asyncio.run(main())


@pytest.fixture(params=[query_sync, query_async], ids=["sync", "async"])
def run_query(request: pytest.FixtureRequest) -> RunQuery:
    """Return a function that runs a query, in either flavour."""
    found: RunQuery = request.param
    return found


@pytest.fixture
def interface() -> Iterator[ScriptedServer]:
    """Run a server in place of the ClickHouse interface, on its own port."""
    with ScriptedServer() as running:
        running.handler = respond_to
        yield running


def test_the_key_is_the_password_of_the_user_bytehouse(
    run_query: RunQuery,
    server: ScriptedServer,
    interface: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is sent to the tenant's host and the given port, and shown nowhere."""
    caplog.set_level(logging.DEBUG)
    assert run_query(server.url, interface.port, role="Analyst") == "hello"
    assert interface.seen
    assert {seen.header("Authorization") for seen in interface.seen} == {BASIC}
    assert {seen.header(ROLE_HEADER) for seen in interface.seen} == {None}
    assert server.seen == []
    for secret in (KEY, BASIC):
        assert secret not in caplog.text
        assert all(secret not in seen.target for seen in interface.seen)


def test_the_interface_is_used_over_tls(run_query: RunQuery, certificate: Path) -> None:
    """With the same authorities and certificate as the API, and with the key."""
    with ScriptedServer(certificate=certificate) as interface:
        interface.handler = respond_to
        host = f"https://localhost:{interface.port}"
        pem = str(certificate)
        for settings in ({"ca_file": pem}, {"ca_file": pem, "client_cert": pem}):
            interface.seen.clear()
            assert run_query(host, interface.port, **settings) == "hello"
            assert {seen.header("Authorization") for seen in interface.seen} == {BASIC}
        interface.seen.clear()
        with pytest.raises(Exception, match=r"(?i)certificate"):
            run_query(host, interface.port)
        assert interface.seen == []


def test_the_documented_port_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """No argument is needed but what the client has already."""
    arguments: dict[str, Any] = {}

    def get_client(**given: Any) -> SimpleNamespace:
        arguments.update(given)
        return SimpleNamespace(create_insert_context=None)

    monkeypatch.setattr("clickhouse_connect.get_client", get_client)
    with ByteHouse("tenant-1-cn-beijing-public.bytehouse.volces.com", KEY) as bh:
        bh.clickhouse(database="sales")
    assert arguments == {
        "host": "tenant-1-cn-beijing-public.bytehouse.volces.com",
        "port": 8123,
        "secure": True,
        "username": "bytehouse",
        "password": KEY,
        "database": "sales",
    }


@pytest.mark.parametrize("missing", ["clickhouse_connect", "aiohttp"])
def test_a_missing_extra_is_named(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """In the error, before anything is sent."""
    monkeypatch.setitem(sys.modules, missing, None)

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY) as bh:
            await bh.clickhouse(port=server.port)

    with pytest.raises(ConfigError, match=r"bytehouse-sdk\[.*clickhouse"):
        asyncio.run(main())
    assert server.seen == []
