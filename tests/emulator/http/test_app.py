"""What is true of every operation: authentication, validation, errors."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from tests.emulator.api import Api
from tests.support.wire import route

DATABASES = route("list_databases")


def test_a_caller_without_the_token_is_refused(api: Api) -> None:
    """A missing or wrong token is an error that says so, on any path, and never shows the token.

    The vendor documents 403 for it; the control API is the emulator's own.
    """
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        for method, path in (DATABASES, ("GET", "/nowhere"), ("GET", "/_emulator/reset")):
            response = httpx.request(method, api.url + path, headers=headers, trust_env=False)
            control = path.startswith("/_emulator/")
            assert response.status_code == (401 if control else 403)
            assert ("WWW-Authenticate" in response.headers) is control
            assert response.json()["error"]["code"] == "errbook_Auth_Unauthenticated"


def test_health_needs_no_token(api: Api) -> None:
    """Whoever waits for the emulator can ask whether it is there."""
    response = httpx.get(api.url + "/_emulator/health", trust_env=False)
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize(
    "path",
    ["/", "/nowhere", f"{DATABASES[1]}/", f"{DATABASES[1]}/x/y/z", f"/{DATABASES[1]}"],
)
def test_an_unknown_path_is_a_404(api: Api, path: str) -> None:
    """A path that the specification lacks has an error of its own."""
    assert api.fails(f"GET {path}") == (404, "Request_PathNotFound")


def test_a_known_path_with_another_method_is_a_405(api: Api) -> None:
    """A 405 names the allowed methods."""
    method, path = DATABASES
    there = {o.method for o in OPERATIONS.values() if o.path == path}
    refused = f"{min({'GET', 'PUT', 'POST', 'PATCH', 'DELETE'} - there)} {path}"
    assert api.fails(refused) == (405, "Request_MethodNotAllowed")
    allowed = set(api.call(refused).headers["Allow"].split(", "))
    assert method in there <= allowed


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"null", {}, 400),
        (b"[]", {}, 400),
        (b"{}", {}, 400),
        (b'{"name": 5}', {}, 400),
        (b'{"name": "\xff"}', {}, 400),
        (b'{"name": "x"}', {"Content-Type": "text/plain"}, 400),
    ],
)
def test_an_invalid_body_is_refused(
    api: Api, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A body is validated against the specification before the operation runs."""
    assert api.fails("create_database", content=body, headers=headers)[0] == status


def test_an_integer_is_one_however_it_is_written(api: Api) -> None:
    """JSON Schema accepts 5.0 as an integer, of any size; what cannot be stored is refused."""
    warehouse = {"name": "whole", "configID": 123451.0, "autoSuspend": 5.0}
    api.ok("create_warehouse", warehouse)
    assert api.call("get_warehouse", name="whole").text.count('"autoSuspend":5,') == 1
    for number in (1e300, 1 << 70):
        refused = api.fails("update_warehouse", {"autoSuspend": number}, name="whole")
        assert refused == (400, "Request_Invalid")
    api.ok("delete_warehouse", name="whole")


@pytest.mark.parametrize(
    "parameters",
    [
        {"offset": "x"},
        {"offset": "-1"},
        {"limit": "1.5"},
        {"limit": "-1"},
        {"offset": str(1 << 63)},
        {"offset": "9" * 5000},
    ],
)
def test_an_invalid_parameter_is_refused(api: Api, parameters: dict[str, str]) -> None:
    """The error names the parameter."""
    response = api.call("list_databases", params=parameters)
    assert response.status_code == 400
    assert next(iter(parameters)) in response.json()["message"]


def test_what_has_no_effect_is_refused(api: Api, database: str) -> None:
    """A misspelt field or parameter is noticed, unless the emulator is lenient."""
    body = {"name": f"{database}_2", "descripton": "typed wrong"}
    assert api.fails("create_database", body) == (400, "Request_Invalid")
    assert api.fails("list_databases", params={"limt": "1"}) == (400, "Parameter_Invalid")
    column = {"name": "a", "type": "Int8", "default": "1"}
    table = {"name": "t", "columns": [column], "orderByKeys": ["a"]}
    refused = api.call("create_table", table, db_name=database)
    assert "'columns.default'" in refused.json()["message"]
    twice = f"GET {DATABASES[1]}?limit=1&limit=2"
    assert api.fails(twice) == (400, "Parameter_Invalid")
    assert api.fails("get_database", {"x": 1}, db_name=database) == (400, "Request_Invalid")
    acting = {"query": "SELECT 1", "userInfo": {"id": 5}}
    assert api.fails("get_query_lineage", acting)[0] == 501
    with running_emulator(options=["--lenient"]) as lenient:
        other = Api(lenient.url, lenient.token)
        with other.client:
            other.ok("create_database", body)
            other.ok("list_databases", params={"limt": "1"})


def test_only_existing_roles_can_be_used(api: Api) -> None:
    """The documented roles and the seeded ones are known; any other is a 403 that lists them."""
    for role in ("AccountAdmin", "SystemAdmin", "Analyst"):
        api.ok("list_dialects", headers={ROLE_HEADER: role})
    headers = {ROLE_HEADER: "Nobody"}
    assert api.fails("list_databases", headers=headers) == (403, "Role_NotFound")
    assert "AccountAdmin" in api.call("list_databases", headers=headers).text


def test_a_body_without_end_is_refused(api: Api) -> None:
    """A request larger than memory is refused while it comes in."""
    pieces = (b"x" * (1 << 20) for _ in range(100))
    try:
        response = api.call("create_database", content=pieces)
    except httpx.WriteError:
        return  # the answer came, and the connection went, before all was sent
    assert response.status_code == 400


def test_a_slash_in_a_name_does_not_split_it(api: Api, database: str) -> None:
    """An escaped slash is part of the name, of which there is no table."""
    missing = api.call("get_table", db_name=database, table_name="a/b")
    assert missing.status_code == 404
    assert f"{database}.a/b" in missing.json()["message"]


def test_only_the_loopback_interface_is_served(emulator: RunningEmulator) -> None:
    """Nobody on the network can reach an emulator."""
    place = urlsplit(emulator.url)
    assert place.hostname == "127.0.0.1"
    outside = socket.gethostbyname(socket.gethostname())
    if not outside.startswith("127."):
        with socket.socket() as client:
            client.settimeout(1)
            assert client.connect_ex((outside, place.port)) != 0


def test_a_response_is_exact_to_the_last_digit(api: Api, database: str) -> None:
    """Ids beyond 2^53 come as integers, exactly, and times have nine fractional digits."""
    raw = api.call("get_database", db_name=database).text
    assert json.loads(raw)["data"]["createdBy"]["id"] == 4780622283186922001
    fraction = json.loads(raw)["data"]["createdAt"].partition(".")[2]
    assert len(fraction) == len("123456789Z")
