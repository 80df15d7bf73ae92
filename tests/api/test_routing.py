"""Routes: a tenant can correct them, by argument or file, and a wrong correction is refused."""

from pathlib import Path
from typing import Any

import pytest

from bytehouse import ConfigError
from bytehouse._api.routing import RouteTable
from bytehouse_raw.operations import OPERATIONS
from bytehouse_raw.routes import Route
from tests.support.cases import cases
from tests.support.flavours import MakeClient
from tests.support.server import ScriptedServer
from tests.support.wire import request_line


def test_a_route_can_be_corrected_by_argument(make: MakeClient, server: ScriptedServer) -> None:
    """Method and path of one operation change, those of the others stay."""
    bh = make(server.url, routes={"get_database": "put  /api/{db_name}/of/tenant"})
    bh.databases.get("a b")
    bh.databases.delete("a b")
    assert server.lines == [
        "PUT /api/a%20b/of/tenant",
        request_line("delete_database", db_name="a b"),
    ]


def test_a_route_may_name_its_parameters_in_another_order(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Parameters are told by their names."""
    make(server.url, routes={"get_table": "GET /t/{table_name}/{db_name}"}).tables.get("d", "t")
    assert server.lines == ["GET /t/t/d"]


@pytest.mark.parametrize("by", ["argument", "variable", "profile"])
def test_a_route_can_be_corrected_by_a_file(
    make: MakeClient,
    server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    """A TOML file can be named wherever a setting can be, and a profile can hold routes itself."""
    file = tmp_path / "routes.toml"
    file.write_text('[routes]\nget_database = "POST /x/{db_name}"\n')
    settings: dict[str, Any] = {}
    if by == "argument":
        settings = {"routes": file}
    elif by == "variable":
        monkeypatch.setenv("BYTEHOUSE_ROUTES", str(file))
    else:
        config = tmp_path / "config.toml"
        config.write_text('[p.routes]\nget_database = "POST /x/{db_name}"\n')
        settings = {"profile": "p", "config_file": config}
    make(server.url, **settings).databases.get("d")
    assert server.lines == ["POST /x/d"]


@cases(
    ("routes", "words"),
    [
        ({"list_databse": "GET /x"}, "list_databse"),
        ({"list_databases": "/x"}, "must look like"),
        ({"list_databases": "FETCH /x"}, "must look like"),
        ({"list_databases": "GET x"}, "must look like"),
        ({"list_databases": "GET"}, "must look like"),
        ({"list_databases": ""}, "must look like"),
        ({"list_databases": "GET //evil.example/x"}, "must look like"),
        ({"list_databases": "GET /x?a=1"}, "must look like"),
        ({"list_databases": "GET /x#a"}, "must look like"),
        ({"list_databases": "GET /x y"}, "must look like"),
        ({"list_databases": "GET /x\r\nX-Evil: 1"}, "must look like"),
        ({"list_databases": "GET /ü"}, "must look like"),
        ({"list_databases": "GET /a/../b"}, "must look like"),
        ({"list_databases": "GET /{db_name}"}, r"parameters \['db_name'\], not \[\]"),
        ({"get_database": "GET /x"}, r"parameters \[\], not \['db_name'\]"),
        ({"get_database": "GET /{db_name}/{db_name"}, "must look like"),
        ({"get_database": "GET /{name}"}, r"\['name'\], not \['db_name'\]"),
    ],
)
def test_a_wrong_route_is_refused_when_the_client_is_made(
    make: MakeClient, routes: dict[str, str], words: str
) -> None:
    """A misspelt operation, a missing parameter or a path that is none never reach a call."""
    with pytest.raises(ConfigError, match=words):
        make("tenant.example", routes=routes)


@pytest.mark.parametrize(
    "text", ["not toml", "", "[other]\na = 'b'\n", "[routes]\na = 5\n", b"\xff"]
)
def test_a_file_that_holds_no_routes_is_refused(
    make: MakeClient, tmp_path: Path, text: str | bytes
) -> None:
    """The error names the setting and the file."""
    file = tmp_path / "routes.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError, match=r"routes .*routes\.toml"):
        make("tenant.example", routes=file)


@cases("operation", OPERATIONS.values())
def test_every_built_in_route_could_be_given_as_it_is(operation: Any) -> None:
    """What the table holds is what an override may say, and filling it leaves no brace."""
    table = RouteTable({operation.id: f"{operation.method} {operation.path}"})
    route = table.route(operation)
    assert route == RouteTable().route(operation) == Route.of(operation)
    path = route.fill(dict.fromkeys(route.names, "{x}"))
    assert "{" not in path
    assert path.count("%7Bx%7D") == len(route.names)
    assert table.origin(operation) == "argument"
    assert RouteTable().origin(operation) == operation.evidence
