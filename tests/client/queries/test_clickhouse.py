"""The client that is handed out for the ClickHouse interface goes where it should, with the key."""

from __future__ import annotations

import asyncio
import logging
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver import AsyncClient, Client

from bytehouse import AsyncByteHouse, ByteHouse, ConfigError
from tests.core.test_config import certificate
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, Seen

__all__ = ["certificate"]

BASIC = f"Basic {b64encode(f'bytehouse:{KEY}'.encode()).decode()}"
Ask = Callable[..., str]


def answer(seen: Seen) -> Reply:
    """Answer as the ClickHouse interface does to who connects, and to `SELECT 'hello'`."""
    if b"version()" in seen.body or "version()" in seen.target:
        return Reply(body=b"24.8.1.1\tUTC\n")
    return Reply(body=b"hello\n" if b"hello" in seen.body or "hello" in seen.target else b"")


def ask(host: str, port: int, **settings: Any) -> str:
    """Ask the interface something through the synchronous client."""
    with ByteHouse(host, lambda: KEY, **settings) as bh:
        client = bh.clickhouse(port=port)
        assert isinstance(client, Client)
        assert KEY not in repr(client) + str(client)
        try:
            return str(client.command("SELECT 'hello'"))
        finally:
            client.close()


def ask_in_a_task(host: str, port: int, **settings: Any) -> str:
    """Ask the interface something through the asynchronous client."""

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


@pytest.fixture(params=[ask, ask_in_a_task], ids=["sync", "async"])
def asking(request: pytest.FixtureRequest) -> Ask:
    """Return what asks the interface something, in either flavour."""
    found: Ask = request.param
    return found


@pytest.fixture
def interface() -> Iterator[ScriptedServer]:
    """Run what stands for the ClickHouse interface, on a port of its own."""
    with ScriptedServer() as running:
        running.handler = answer
        yield running


def test_the_key_is_the_password_of_the_user_bytehouse(
    asking: Ask,
    server: ScriptedServer,
    interface: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It goes to the tenant's host and the port that is told, and is shown nowhere."""
    caplog.set_level(logging.DEBUG)
    assert asking(server.url, interface.port, role="Analyst") == "hello"
    assert interface.seen
    assert {seen.header("Authorization") for seen in interface.seen} == {BASIC}
    assert {seen.header("X-User-ActiveRole") for seen in interface.seen} == {None}
    assert server.seen == []
    for secret in (KEY, BASIC):
        assert secret not in caplog.text
        assert all(secret not in seen.target for seen in interface.seen)


def test_the_interface_is_spoken_to_over_tls(asking: Ask, certificate: Path) -> None:
    """With the same authorities and certificate as the API, the key all the same."""
    with ScriptedServer(certificate=certificate) as interface:
        interface.handler = answer
        host = f"https://localhost:{interface.port}"
        pem = str(certificate)
        for settings in ({"ca_file": pem}, {"ca_file": pem, "client_cert": pem}):
            interface.seen.clear()
            assert asking(host, interface.port, **settings) == "hello"
            assert {seen.header("Authorization") for seen in interface.seen} == {BASIC}
        interface.seen.clear()
        with pytest.raises(Exception, match=r"(?i)certificate"):
            asking(host, interface.port)
        assert interface.seen == []


def test_the_documented_port_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be told but what the client knows already."""
    told: dict[str, Any] = {}
    monkeypatch.setattr("clickhouse_connect.get_client", lambda **given: told.update(given))
    with ByteHouse("tenant-1-cn-beijing-public.bytehouse.volces.com", KEY) as bh:
        bh.clickhouse(database="sales")
    assert told == {
        "host": "tenant-1-cn-beijing-public.bytehouse.volces.com",
        "port": 8123,
        "secure": True,
        "username": "bytehouse",
        "password": KEY,
        "database": "sales",
    }


@pytest.mark.parametrize("missing", ["clickhouse_connect", "aiohttp"])
def test_what_is_missing_is_said(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """An extra that is not installed is named, before anything is sent."""
    monkeypatch.setitem(sys.modules, missing, None)

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY) as bh:
            await bh.clickhouse(port=server.port)

    with pytest.raises(ConfigError, match=r"bytehouse-sdk\[.*clickhouse"):
        asyncio.run(main())
    assert server.seen == []
