"""What was recorded agrees with the specification."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bytehouse_openapi import Document
from bytehouse_raw.operations import DATA_KEY
from tests.codegen.upstream.traffic import disagreements
from tests.openapi.planted import take

DATABASES = {DATA_KEY: [{"name": "sales", "noOfTables": 2}], "meta": {"offset": 0, "total": 1}}


def exchange(
    method: str = "GET",
    path: str = "/v1/databases?limit=10",
    sent: Any = None,
    status: int = 200,
    got: Any = None,
) -> dict[str, Any]:
    """Return an exchange as vcrpy keeps it."""
    response = got if isinstance(got, str) else json.dumps(DATABASES if got is None else got)
    return {
        "request": {
            "method": method,
            "uri": f"https://tenant.example{path}",
            "headers": {"X-User-ActiveRole": ["AccountAdmin"]},
            "body": sent if sent is None or isinstance(sent, str) else json.dumps(sent),
        },
        "response": {"status": {"code": status}, "headers": {}, "body": {"string": response}},
    }


def cassette(directory: Path, *interactions: dict[str, Any]) -> Path:
    """Write a cassette."""
    (directory / "one.yaml").write_text(
        yaml.safe_dump({"version": 1, "interactions": list(interactions)})
    )
    return directory


def test_the_cassettes_agree_with_the_specification(root: Path, vendored: Document) -> None:
    """No recorded exchange has a route, parameter, body or response that openapi.yaml has not."""
    assert disagreements(root / "tests" / "cassettes", vendored) == []


@pytest.fixture
def served(draft: dict[str, Any]) -> Document:
    """The specification with the routes that the exchanges here are made for."""
    routes = {
        "list_databases": ("get", "/v1/databases"),
        "create_database": ("post", "/v1/databases"),
        "get_database": ("get", "/v1/databases/{db_name}"),
        "get_storage_usage": ("get", "/v1/usage/storage"),
    }
    nodes = {name: take(draft, name) for name in routes}
    for name, (method, path) in routes.items():
        draft["paths"].setdefault(path, {})[method] = nodes[name]
    return draft


def test_good_traffic_agrees(tmp_path: Path, served: Document) -> None:
    """Calls as they should be, unknown fields in responses, and any body of a failure are fine."""
    created = exchange("POST", "/v1/databases", {"name": "a"}, got={DATA_KEY: {"uuid": "u"}})
    more = exchange(path="/gateway/v1/databases", got={**DATABASES, "new": 1})
    gone = exchange("GET", "/v1/databases/x", status=502, got="<html>no</html>")
    assert disagreements(cassette(tmp_path, exchange(), created, more, gone), served) == []


@pytest.mark.parametrize(
    ("interaction", "problem"),
    [
        (exchange(path="/v1/nothing"), "no operation has this route"),
        (exchange("PUT", "/v1/databases"), "no operation has this route"),
        (exchange(path="/v1/databases?page=2"), "query parameter page is not in"),
        (exchange(path="/v1/usage/storage?startTime=1"), "query parameter endTime is missing"),
        (exchange("POST", "/v1/databases"), "has no body, and should have one"),
        (exchange("POST", "/v1/databases", {"title": "x"}), '"name" is a required property'),
        (exchange("POST", "/v1/databases", {"name": 5}), "request body at /name: 5 is not of"),
        (exchange("POST", "/v1/databases", "name=x"), "request body is not JSON"),
        (exchange(sent={"a": 1}), "has a body, and should have none"),
        (exchange(got={DATA_KEY: {"name": "x"}}), f"response 200 at /{DATA_KEY}: "),
        (
            exchange(got={DATA_KEY: [{"noOfTables": "2"}]}),
            f"response 200 at /{DATA_KEY}/0/noOfTables: ",
        ),
        (exchange(got="<html>"), "response 200 is not JSON"),
    ],
)
def test_bad_traffic_is_named(
    interaction: dict[str, Any], problem: str, tmp_path: Path, served: Document
) -> None:
    """Each planted fault is found, with the file, the operation and the place."""
    found = disagreements(cassette(tmp_path, exchange(), interaction), served)
    assert any(problem in line and line.startswith("one.yaml: ") for line in found), found


def test_a_cassette_without_an_exchange_is_named(tmp_path: Path, served: Document) -> None:
    """An empty or missing recording does not pass for one that agrees."""
    assert disagreements(cassette(tmp_path), served) == ["one.yaml: holds no exchange"]
    missing = tmp_path / "missing"
    assert disagreements(missing, served) == ["missing: holds no cassette"]
