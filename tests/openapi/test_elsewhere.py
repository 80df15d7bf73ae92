"""A service on altogether other methods and paths: one command, and everything works."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from bytehouse import APIError, ByteHouse, NotFound, routes
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.openapi.specs import elsewhere, sample
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer


def test_pulling_the_routes_makes_every_operation_work(
    emulator_elsewhere: RunningEmulator,
) -> None:
    """All operations fail with the remedy, the remedy is applied, and all arrive."""
    emulator = emulator_elsewhere
    with ByteHouse(**emulator.client_arguments) as bh:
        for operation in OPERATIONS.values():
            with pytest.raises(NotFound, match="bytehouse routes pull") as caught:
                bh.send(sample(operation))
            assert operation.evidence in caught.value.hint

    pulled = routes.pull(f"{emulator.url}/docs", host=emulator.url)
    assert len(pulled.matched) == len(OPERATIONS)
    assert all(one.is_changed for one in pulled.matched)
    assert (pulled.unmatched, pulled.unknown) == ((), ())

    with ByteHouse(**emulator.client_arguments) as bh:
        assert (
            "routes",
            f"{len(OPERATIONS)} routes",
            f"routes file {pulled.file}",
        ) in bh.config.explain()
        for operation in OPERATIONS.values():
            # Only this operation's handler sends this response.
            emulator.fault(operation.id, status=200, body=json.dumps({"is": operation.id}))
            raw = bh.send(sample(operation)).raw_response
            assert json.loads(raw.body) == {"is": operation.id}


def test_what_a_user_does_works_on_the_pulled_routes(emulator_elsewhere: RunningEmulator) -> None:
    """Names arrive in the right places although every parameter of a path has another name."""
    emulator = emulator_elsewhere
    routes.pull(f"{emulator.url}/docs", host=emulator.url)
    with ByteHouse(**emulator.client_arguments) as bh:
        bh.databases.create("sales")
        bh.queries.execute(
            "CREATE TABLE sales.orders (id UInt64) ENGINE = CnchMergeTree ORDER BY id"
        )
        assert bh.tables.get("sales", "orders").name == "orders"
        assert [table.name for table in bh.tables.list("sales")] == ["orders"]
        bh.databases.delete("sales")


def test_known_routes_say_where_they_came_from(emulator_elsewhere: RunningEmulator) -> None:
    """All operations are listed, before the pull with their evidence, then with the file."""
    url = emulator_elsewhere.url
    before = {one.operation: one for one in routes.known(host=url)}
    assert {one.operation: one.origin for one in before.values()} == {
        operation.id: operation.evidence for operation in OPERATIONS.values()
    }
    pulled = routes.pull(f"{url}/docs", host=url)
    after = routes.known(host=url)
    assert [one.operation for one in after] == list(OPERATIONS)
    assert {one.origin for one in after} == {f"routes file {pulled.file}"}
    for one in after:
        method, path = elsewhere()[one.operation].split(" ")
        assert one.method == method
        assert one.path.split("/")[:4] == path.split("/")[:4]


def test_the_docs_page_is_for_everyone_and_shows_nothing_else(
    emulator_elsewhere: RunningEmulator,
) -> None:
    """Page and specification need no token and hold none; another method on them does."""
    emulator = emulator_elsewhere
    for path in ("/docs", "/docs/openapi.json"):
        response = httpx.get(emulator.url + path, trust_env=False)
        assert response.status_code == 200
        assert emulator.token not in response.text
        assert httpx.post(emulator.url + path, trust_env=False).status_code == 403
    assert httpx.get(f"{emulator.url}/docs/", trust_env=False).status_code == 403


def test_the_published_specification_says_where_everything_is(
    emulator_elsewhere: RunningEmulator,
) -> None:
    """It has each operation on its route, with the parameters that the path names."""
    document = httpx.get(f"{emulator_elsewhere.url}/docs/openapi.json", trust_env=False).json()
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            found[operation["operationId"]] = f"{method.upper()} {path}"
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
    assert found == elsewhere()


@pytest.mark.parametrize(
    ("reply", "blamed"),
    [
        (Reply(404), True),
        (Reply(404, {"code": 404, "message": "page not found"}), True),
        (Reply(404, {"error": {"code": "errbook_Request_PathNotFound"}}), True),
        (Reply(405, {"error": {"code": "errbook_Anything"}}), True),
        (Reply(404, {"error": {"code": "errbook_Database_NotFound"}}), False),
        (Reply(400, {"message": "no such path"}), False),
    ],
)
def test_the_route_is_blamed_where_no_object_is(
    server: ScriptedServer, reply: Reply, *, blamed: bool
) -> None:
    """A missing path or method is told from a missing object, as far as the response tells."""
    server.script(reply)
    with ByteHouse(server.url, KEY) as bh, pytest.raises(APIError) as caught:
        bh.databases.get("d")
    assert ("bytehouse routes pull" in caught.value.hint) == blamed
