"""Each error that the guide names is raised as it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bytehouse
from bytehouse import ByteHouse, ByteHouseError, TableSpec
from bytehouse_emulator import RunningEmulator
from tests.docs.test_guide import cells
from tests.support.flavours import KEY
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, Seen, closed_port, data

Raise = Callable[[ByteHouse, ScriptedServer], object]
SPEC = TableSpec("t", {"id": "Int8", "x": "Int8"}, order_by="id")


def status(number: int, body: object = "") -> Raise:
    """Return a call to which the service returns a status."""

    def call(bh: ByteHouse, server: ScriptedServer) -> object:
        server.script(Reply(number, body))
        return bh.databases.get("d", max_retries=0)

    return call


def stale_plan(bh: ByteHouse, server: ScriptedServer) -> None:
    """The table is another when the plan is applied."""
    live = {"name": "t", "columns": [{"name": "id", "type": "Int8"}], "orderByKeys": ["id"]}
    server.script(data({**live, "uuid": "u-1"}), data({**live, "uuid": "u-2"}))
    bh.tables.plan("d", SPEC).apply()


def outcome_unknown(bh: ByteHouse, server: ScriptedServer) -> None:
    """The response to a change is lost, and nothing is known of it."""

    def answer(seen: Seen) -> Reply:
        return CLOSED if seen.operation == "submit_sync_query" else Reply(404, {"error": {}})

    server.handler = answer
    bh.queries.execute("DROP TABLE t", max_retries=0)


def stopped_query(bh: ByteHouse, server: ScriptedServer) -> None:
    """A statement that only reads takes too long."""
    stopped = data({"queryID": "q", "status": "Killed"})
    server.handler = lambda seen: SILENT if seen.operation == "submit_sync_query" else stopped
    bh.query("SELECT 1", timeout=0.2)


def with_reply(reply: Reply, call: Callable[[ByteHouse], object]) -> Raise:
    """Return a call with the response to it."""

    def run(bh: ByteHouse, server: ScriptedServer) -> object:
        server.script(reply)
        return call(bh)

    return run


SYNTAX = Reply(400, "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)")
ERRORS: dict[str, Raise] = {
    "ConfigError": lambda *_: ByteHouse("ftp://host", KEY),
    "InvalidArgument": lambda bh, _: bh.query(" "),
    "StalePlan": stale_plan,
    "TransportError": lambda *_: ByteHouse(
        f"http://127.0.0.1:{closed_port()}", KEY, max_retries=0
    ).databases.get("d"),
    "TimedOut": stopped_query,
    "OutcomeUnknown": outcome_unknown,
    "ResponseDecodeError": status(200, "<html>"),
    "APIError": status(302),
    "AuthenticationError": status(401),
    "PermissionDenied": status(403),
    "NotFound": status(404),
    "Conflict": status(409),
    "RateLimited": status(429),
    "InvalidRequest": status(418),
    "ServerError": status(500),
    "QueryFailed": with_reply(SYNTAX, lambda bh: bh.query("SELEC 1")),
    "InsertFailed": with_reply(SYNTAX, lambda bh: bh.insert("t", [(1,)], check=False)),
    "ExecutionFailed": with_reply(
        data({"id": "e", "status": "FAILED"}), lambda bh: bh.executions.handle("e").wait()
    ),
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers as a test says."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def bh(server: ScriptedServer) -> Iterator[ByteHouse]:
    """Return a client of it."""
    with ByteHouse(server.url, KEY) as client:
        yield client


def test_each_error_of_the_table_can_be_made_to_happen(
    bh: ByteHouse, server: ScriptedServer, documents: Path
) -> None:
    """It is of the class that the table names, and none is missing here."""
    page = (documents / "guide.md").read_text("utf-8")
    assert list(ERRORS) == [row[0].strip("| `") for row in cells(page, "error")]
    for name, call in ERRORS.items():
        server.clear()
        with pytest.raises(ByteHouseError) as caught:
            call(bh, server)
        assert type(caught.value) is getattr(bytehouse, name), name


def test_each_message_of_the_table_can_be_made_to_happen(
    bh: ByteHouse,
    server: ScriptedServer,
    *,
    emulator: RunningEmulator,
    documents: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the words that the table quotes."""
    path = tmp_path / "config.toml"
    path.write_text("[default]\nrole = 'a'\nhost = \n")
    monkeypatch.setattr("bytehouse._transport.proxies.find_spec", lambda _: None)
    lost = {"get_database": "GET /v9/nowhere/{db_name}"}
    tls = f"localhost:{emulator.url.rpartition(':')[2]}"

    def proxied(proxy: str) -> object:
        with monkeypatch.context() as patched:
            patched.setenv("ALL_PROXY", proxy)
            return get("tenant.example", KEY)

    def get(*arguments: Any, **settings: Any) -> object:
        with ByteHouse(*arguments, **settings) as client:
            return client.databases.get("d")

    def after_its_end() -> object:
        with ByteHouse(**emulator.client_arguments) as local:
            pass
        return local.databases.get("d")

    def create_function() -> object:
        with ByteHouse(**emulator.client_arguments) as local:
            return local.query("CREATE FUNCTION f")

    messages: dict[str, Callable[[], object]] = {
        "was stopped on the service": lambda: stopped_query(bh, server),
        "has no data": lambda: with_reply(Reply(body={}), lambda bh: bh.roles.list().all())(
            bh, server
        ),
        "does not speak TLS": lambda: get(tls, KEY, max_retries=0),
        "This is the emulator, which does not model it": create_function,
        "This is the emulator, which serves the routes": lambda: get(
            **emulator.client_arguments, routes=lost
        ),
        "This client is closed": after_its_end,
        "it is not TOML (at line 3": lambda: ByteHouse(config_file=path),
        "(from environment ALL_PROXY)": lambda: proxied("ssh://p"),
        "needs the package socksio": lambda: proxied("socks5://p:1080"),
    }
    page = (documents / "guide.md").read_text("utf-8")
    assert list(messages) == [row[0].strip("| `") for row in cells(page, "an error says")]
    for words, call in messages.items():
        server.clear()
        with pytest.raises(ByteHouseError) as caught:
            call()
        assert words in str(caught.value)
