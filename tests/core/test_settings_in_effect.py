"""Every setting changes what is seen."""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bytehouse import (
    ByteHouse,
    ConfigError,
    ResponseDecodeError,
    TransportError,
)
from bytehouse._core.config import ATTRIBUTES
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import SILENT, Reply, ScriptedServer, data
from tests.support.wire import request_line

__all__ = ["every_transport"]

HOST = "tenant-1-cn-beijing-public.bytehouse.volces.com"


def observe_host(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The server at that address is asked, under its path."""
    make(f"{server.url}/gateway").databases.get("d")
    return server.lines == [request_line("get_database", db_name="d").replace(" ", " /gateway")]


def observe_api_key(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The key travels as a bearer token."""
    make(server.url, "another").databases.get("d")
    return server.seen[0].header("Authorization") == "Bearer another"


def observe_role(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The role travels in its header."""
    make(server.url, role="Analyst").databases.get("d")
    return server.seen[0].header(ROLE_HEADER) == "Analyst"


def observe_warehouse(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """Queries name the warehouse."""
    server.script(data([]))
    make(server.url, warehouse="vw-7").queries.execute("SELECT 1")
    return bool(server.seen[0].json["vwID"] == "vw-7")


def observe_database(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """Statements begin with USE."""
    server.script(data([]))
    make(server.url, database="d").queries.execute("SELECT 1")
    return bool(server.seen[0].json["query"] == "USE `d`; SELECT 1")


def observe_mode(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """Queries name the dialect."""
    server.script(data([]))
    make(server.url, mode="clickhouse_sql").queries.execute("SELECT 1")
    return bool(server.seen[0].json["mode"] == "clickhouse_sql")


def observe_timeout(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """An attempt ends in time."""
    server.script(SILENT)
    with pytest.raises(TransportError, match=r"0\.2 s"):
        make(server.url, timeout=0.2, max_retries=0).databases.get("d")
    return True


def observe_deadline(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """A call ends in time, however many attempts it might have."""
    server.script(SILENT)
    with pytest.raises(TransportError, match=r"0\.2 s"):
        make(server.url, deadline=0.2).databases.get("d")
    return True


def observe_max_retries(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """A failing read is sent so many times more."""
    server.script(Reply(503))
    with pytest.raises(Exception, match="503"):
        make(server.url, max_retries=2).databases.get("d")
    return len(server.seen) == 3


def observe_retry_budget(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """Once it is used up, nothing is sent again."""
    server.script(Reply(503))
    with pytest.raises(Exception, match="503"):
        make(server.url, retry_budget=1).databases.get("d")
    return len(server.seen) == 2


def observe_max_body(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """A longer answer is not read to its end."""
    server.script(data("x" * 100))
    with pytest.raises(ResponseDecodeError, match="larger than"):
        make(server.url, max_body=100).databases.get("d")
    return len(server.seen) == 1


def observe_max_connections(_: MakeClient, server: ScriptedServer, __: Path) -> bool:
    """While the only connection is taken, a second call waits for it, and gives up."""
    server.script(SILENT)
    bh = ByteHouse(server.url, KEY, max_connections=1, max_retries=0)

    def hold() -> None:
        with suppress(TransportError):
            bh.databases.get("first", timeout=1.0)

    holding = threading.Thread(target=hold)
    holding.start()
    server.wait_for("get_database")
    with pytest.raises(TransportError):
        bh.databases.get("second", timeout=0.2)
    holding.join()
    bh.close()
    return server.lines == [request_line("get_database", db_name="first")]


def observe_http(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """Without aiohttp installed, an asynchronous client cannot be made with it, and a synchronous
    one never."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "aiohttp", None)
        with pytest.raises(ConfigError, match="aiohttp"):
            make(server.url, http="aiohttp")
    return True


def observe_ca_file(make: MakeClient, _: ScriptedServer, path: Path) -> bool:
    """The file is read."""
    pem = path / "ca.pem"
    pem.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        make(HOST, ca_file=pem)
    return True


def observe_client_cert(make: MakeClient, _: ScriptedServer, path: Path) -> bool:
    """The file is read."""
    pem = path / "cert.pem"
    pem.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"cert\.pem"):
        make(HOST, client_cert=pem)
    return True


def observe_proxy(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The proxy is asked for a tunnel, and told no key of ours."""
    server.script(Reply(403, then="close"))
    proxy = server.url.replace("://", "://me:pass@")
    with pytest.raises(TransportError):
        make(HOST, proxy=proxy, max_retries=0).databases.get("d")
    (seen,) = server.seen
    return seen.line == f"CONNECT {HOST}:443" and seen.header("Authorization") is None


def observe_application(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The name is in the User-Agent."""
    make(server.url, application="nightly/1.2").databases.get("d")
    agent = server.seen[0].header("User-Agent") or ""
    return agent.startswith("bytehouse-sdk/") and agent.endswith(" nightly/1.2")


def observe_routes(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """The operation goes another way."""
    make(server.url, routes={"get_database": "POST /v9/d/{db_name}/x"}).databases.get("d")
    return server.lines == ["POST /v9/d/d/x"]


def observe_clickhouse_port(make: MakeClient, server: ScriptedServer, _: Path) -> bool:
    """A client of clickhouse-connect connects there, not to the port of the API."""
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bh = make(server.url, clickhouse_port=listener.getsockname()[1])

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    listener.accept()[0].close()
                    accepted.set()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(Exception):  # noqa: B017, PT011 - of clickhouse-connect, which differ
            bh.clickhouse()
        return accepted.wait(5) and server.seen == []


OBSERVATIONS: dict[str, Callable[[MakeClient, ScriptedServer, Path], bool]] = {
    name.removeprefix("observe_"): value
    for name, value in list(globals().items())
    if name.startswith("observe_")
}


@cases("name", [attribute.name for attribute in ATTRIBUTES])
def test_every_setting_changes_what_is_seen(
    make: MakeClient, server: ScriptedServer, tmp_path: Path, name: str
) -> None:
    """No setting is declared and wired to nothing."""
    assert OBSERVATIONS[name](make, server, tmp_path)
