"""The raw client: it makes every call by itself, and takes whatever comes back."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from bytehouse_raw import AuthenticatedClient
from bytehouse_raw.api.databases import create_database, get_database, list_databases
from bytehouse_raw.api.metadata import subscribe_metadata
from bytehouse_raw.models import CreateDatabaseRequest
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER, Operation
from bytehouse_raw.types import Model, Response
from tests.support.cases import cases
from tests.support.wire import request_line

TOKEN = "sk-s3cret"
HOST = "https://tenant.example"

Reply = Callable[[httpx.Request], httpx.Response]


def client(reply: Reply, **settings: Any) -> AuthenticatedClient:
    """Return a client, in both flavours, whose requests a function answers."""
    raw = AuthenticatedClient(HOST, TOKEN, **settings)
    raw.set_httpx_client(httpx.Client(transport=httpx.MockTransport(reply)))
    return raw.set_async_httpx_client(httpx.AsyncClient(transport=httpx.MockTransport(reply)))


def found(request: httpx.Request) -> httpx.Response:
    """Return an empty success."""
    return httpx.Response(200, json={"unheardOf": request.method})


def module_of(operation: Operation) -> ModuleType:
    """Return the module of an operation."""
    package = operation.tag.lower().replace(" ", "_")
    return import_module(f"bytehouse_raw.api.{package}.{operation.id}")


def arguments_of(plan: Callable[..., Any]) -> tuple[list[str], dict[str, Any]]:
    """Return something for each parameter: path parameters by position, the others by name."""
    by_position, by_name = [], {}
    for name, parameter in inspect.signature(plan, eval_str=True).parameters.items():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            by_position.append(f"{name}/1")
        elif name == "body":
            by_name[name] = parameter.annotation.from_dict({"name": "x"})
        else:
            by_name[name] = "7"
    return by_position, by_name


@cases("operation", OPERATIONS.values())
def test_every_operation_is_four_functions_that_send_its_plan(operation: Operation) -> None:
    """Each takes what `plan` takes and the client; what is sent is what was planned."""
    seen: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return found(request)

    raw, module = client(reply), module_of(operation)
    path, others = arguments_of(module.plan)
    detailed = module.sync_detailed(*path, client=raw, **others)
    parsed = module.sync(*path, client=raw, **others)

    async def call() -> tuple[Any, Any]:
        return (
            await module.asyncio_detailed(*path, client=raw, **others),
            await module.asyncio(*path, client=raw, **others),
        )

    later, later_parsed = anyio.run(call)
    assert isinstance(parsed, Model)
    assert detailed.parsed == later.parsed == parsed == later_parsed
    assert detailed.content == later.content
    assert detailed.status_code == 200
    plan = module.plan(*path, **others)
    wanted = request_line(operation.id, **plan.path).split(" ", 1)
    assert len(seen) == 4
    for request in seen:
        assert [request.method, request.url.raw_path.decode().partition("?")[0]] == wanted
        assert dict(request.url.params) == plan.query
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert plan.headers.items() <= {k: request.headers.get(k) for k in plan.headers}.items()
        assert (json.loads(request.content) if request.content else None) == plan.body


@cases("status", [200, 204, 301, 404, 418, 502, 520, 599])
@cases("body", [b"", b"<html>", b"[1]", b"null", b'{"data":', b'{"data":5}'])
def test_any_status_and_body_are_returned_as_they_came(status: int, body: bytes) -> None:
    """Nothing raises, and only a success with an object has a model."""
    raw = client(lambda _: httpx.Response(status, content=body, headers={"X-Request-Id": "r"}))
    response = list_databases.sync_detailed(client=raw)
    assert (response.status_code, response.content) == (status, body)
    assert response.headers["x-request-id"] == "r"
    assert (response.parsed is not None) == (status < 300 and body == b'{"data":5}')


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_path_parameter_that_would_address_something_else_is_refused(name: str) -> None:
    """Nothing is sent."""
    with pytest.raises(ValueError, match="would address another path"):
        get_database.sync(name, client=client(lambda _: pytest.fail("something was sent")))


def test_a_copy_changes_nothing_of_its_original() -> None:
    """Headers, role and time-out of a copy are its own; the connections are shared."""
    seen: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return found(request)

    raw = client(reply, role="Analyst")
    other = raw.with_headers({"X-Team": "a"}).with_role("Admin").with_timeout(1.5)
    get_database.sync("d", client=other)
    get_database.sync("d", client=raw)
    get_database.sync("d", client=raw, x_user_active_role="Auditor")
    assert [request.headers[ROLE_HEADER] for request in seen] == ["Admin", "Analyst", "Auditor"]
    assert ["X-Team" in request.headers for request in seen] == [True, False, False]
    assert [request.extensions["timeout"]["read"] for request in seen] == [1.5, 30.0, 30.0]
    assert raw.get_httpx_client() is other.get_httpx_client()


def test_a_role_goes_only_where_an_operation_takes_one() -> None:
    """The metadata operations take no role."""

    def reply(request: httpx.Request) -> httpx.Response:
        assert ROLE_HEADER not in request.headers
        return found(request)

    raw = client(reply, role="Analyst")
    subscribe_metadata.sync(client=raw, x_account_id="1", x_user_id="1", x_bytehouse_token="t")


def test_a_route_can_be_corrected() -> None:
    """A tenant's own route is taken; one that cannot be is refused when the client is made."""

    def reply(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{HOST}/v2/dbs/a%2Fb"
        return found(request)

    raw = client(reply, routes={"get_database": "GET /v2/dbs/{db_name}"})
    assert get_database.sync("a/b", client=raw)
    for routes in ({"get_database": "GET /v2/dbs"}, {"get_databse": "GET /v2/dbs/{db_name}"}):
        with pytest.raises(ValueError, match="get_data"):
            AuthenticatedClient(HOST, TOKEN, routes=routes)


def test_the_token_is_in_no_repr_and_no_error() -> None:
    """Neither client nor response nor refusal shows it, nor what a new key's answer holds."""
    raw = client(lambda _: httpx.Response(200, text='{"data": {"apiKey": "sk-new"}}'))
    shown = [repr(raw), str(raw), repr(list_databases.sync_detailed(client=raw))]
    with pytest.raises(ValueError, match="Authorization") as refused:
        list_databases.sync(client=AuthenticatedClient(HOST, f"{TOKEN}\n"))
    assert not [text for text in [*shown, repr(refused.value)] if TOKEN in text or "sk-new" in text]


def test_httpx_is_imported_by_the_first_call() -> None:
    """Planning a call, and making a client, import no HTTP library."""
    program = (
        "import sys; from bytehouse_raw import AuthenticatedClient as C\n"
        "from bytehouse_raw.api.databases import get_database\n"
        "c = C('https://x', 't'); get_database.plan('d'); print('httpx' in sys.modules)\n"
        "c.get_httpx_client(); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]


def test_raw_calls_and_the_overlay_are_used_side_by_side(
    bytehouse_emulator: RunningEmulator,
) -> None:
    """What one creates the other finds, and a plan can be sent by either."""
    bytehouse_emulator.reset()  # other files use it too
    raw = AuthenticatedClient(bytehouse_emulator.url, bytehouse_emulator.token)
    plan = create_database.plan(body=CreateDatabaseRequest(name="sales"))
    with raw, ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        response: Response[Any] = raw.send(plan)
        assert response.status_code == 200
        found = bh.send(get_database.plan("sales"))
        same = get_database.sync("sales", client=raw)
        assert same is not None
        assert found.data == same.data
        assert found.data is not None
        assert found.data.name == "sales"
