"""Pulling routes: what is written, what is reported, and that a bad source changes nothing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bytehouse import ByteHouse, ByteHouseError, ConfigError, InvalidArgument, routes
from bytehouse_openapi import Document, UpstreamError
from bytehouse_raw.operations import OPERATIONS
from tests.openapi.specs import moved, page
from tests.support.flavours import KEY
from tests.support.server import SILENT, Reply, ScriptedServer
from tests.support.wire import request_line, route

HOST = "tenant.example"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """Return where a test may put a specification."""
    return tmp_path / "spec.json"


def test_the_file_names_its_host_its_source_and_every_route(
    spec: Path, vendored: Document, routes_directory: Path
) -> None:
    """The file is where clients of the host look; a second pull writes the same again."""
    spec.write_text(moved(vendored, list_databases="GET /v2/dbs"))
    pulled = routes.pull(str(spec), host=HOST)
    assert pulled.file == routes.file_of(HOST) == routes_directory / "tenant.example.toml"
    text = pulled.file.read_text()
    assert text.startswith("# Written by `bytehouse routes pull`")
    written = tomllib.loads(text)
    assert written["host"] == f"https://{HOST}"
    assert written["source"] == str(spec)
    assert written["routes"] == {one.operation: one.route for one in pulled.matched}
    assert [one.operation for one in pulled.matched if one.is_changed] == ["list_databases"]

    assert routes.pull(str(spec), host=HOST) == pulled
    assert pulled.file.read_text() == text
    assert list(routes_directory.iterdir()) == [pulled.file]


def test_parameters_get_the_names_that_this_client_fills_in(
    spec: Path, vendored: Document, server: ScriptedServer
) -> None:
    """Other names are taken in the order of the path, equal ones wherever they stand."""
    spec.write_text(
        moved(
            vendored,
            get_table="GET /dbs/{database}/t/{table}",
            list_partitions="POST /of/{table_name}/in/{db_name}",
            delete_table="POST /{which}/{db_name}/x",
        )
    )
    taken = {one.operation: one.route for one in routes.pull(str(spec), host=server.url).matched}
    assert taken["get_table"] == "GET /dbs/{db_name}/t/{table_name}"
    assert taken["list_partitions"] == "POST /of/{table_name}/in/{db_name}"
    assert taken["delete_table"] == "POST /{table_name}/{db_name}/x"
    with ByteHouse(server.url, KEY) as bh:
        bh.tables.get("d", "t")
    assert server.lines == ["GET /dbs/d/t/t"]


def test_what_the_document_lacks_keeps_its_route_and_is_reported(
    spec: Path, vendored: Document, server: ScriptedServer
) -> None:
    """Missing, with other parameters, or no path that can be sent: told, and not written."""
    spec.write_text(
        moved(
            vendored,
            list_databases="",
            get_database="GET /v2/{account}/{db}",
            list_roles="GET /v2/a b",
            list_dialects="HEAD /v2/dialects",
        )
    )
    pulled = routes.pull(str(spec), host=server.url)
    reasons = {one.operation: one.reason for one in pulled.unmatched}
    assert reasons == {
        "list_databases": "the specification has no such operation",
        "get_database": "GET /v2/{account}/{db} has other parameters",
        "list_roles": "GET /v2/a b is not a valid route",
        "list_dialects": "HEAD /v2/dialects is not a valid route",
    }
    assert not reasons.keys() & tomllib.loads(pulled.file.read_text())["routes"].keys()
    with ByteHouse(server.url, KEY) as bh:
        bh.databases.get("d")
    assert server.lines == [request_line("get_database", db_name="d")]
    origins = {one.operation: one.origin for one in routes.known(host=server.url)}
    assert origins["get_database"] == OPERATIONS["get_database"].evidence
    assert origins["get_table"] == f"routes file {pulled.file}"


@pytest.mark.parametrize(
    ("servers", "host", "before"),
    [
        ([{"url": "https://x/base"}], HOST, "/base"),
        ([{"url": "https://x/base/"}, {"url": "https://y/base"}], HOST, "/base"),
        ([{"url": "/base"}], f"{HOST}/base", ""),
        ([{"url": "/"}], f"{HOST}/gateway", ""),
        ([], HOST, ""),
        ([{"url": "https://x/v2"}, {"url": "http://localhost:8080"}], HOST, "/v2"),
        ([{"url": "{scheme}://{host}/{basePath}"}], HOST, ""),
        ([{"url": "{s}://{h}/{b}", "variables": {"b": {"default": "api/v3"}}}], HOST, "/api/v3"),
        ([{"url": "{root}/x", "variables": {"root": {"default": "https://h/y"}}}], HOST, "/y/x"),
    ],
)
def test_the_path_of_the_servers_belongs_to_the_routes(
    spec: Path, vendored: Document, servers: list[Any], host: str, before: str
) -> None:
    """Unless the host's own address has it already."""
    spec.write_text(moved({**vendored, "servers": servers}))
    taken = {one.operation: one.route for one in routes.pull(str(spec), host=host).matched}
    method, path = route("list_databases")
    assert taken["list_databases"] == f"{method} {before}{path}"


def test_a_server_of_a_path_or_an_operation_comes_first(spec: Path, vendored: Document) -> None:
    """It replaces those of the document for that path or operation alone."""
    draft = json.loads(moved({**vendored, "servers": [{"url": "/all"}]}))
    item = draft["paths"]["/v1/databases"]
    item["servers"] = [{"url": "/path"}]
    item["post"]["servers"] = [{"url": "/operation"}]
    spec.write_text(json.dumps(draft))
    taken = {one.operation: one.route for one in routes.pull(str(spec), host=HOST).matched}
    assert taken["list_databases"] == "GET /path/v1/databases"
    assert taken["create_database"] == "POST /operation/v1/databases"
    assert taken["get_database"] == "GET /all/v1/databases/{db_name}"


def test_a_pull_that_takes_nothing_over_is_an_error(
    spec: Path, vendored: Document, routes_directory: Path
) -> None:
    """The reason is told, and no file is written."""
    paths = {path.replace("/v1/", "/v 1/"): item for path, item in vendored["paths"].items()}
    spec.write_text(json.dumps({**vendored, "paths": paths}))
    with pytest.raises(UpstreamError, match=r"No route of .* can be used") as raised:
        routes.pull(str(spec), host=HOST)
    assert "is not a valid route" in raised.value.message
    assert not routes_directory.exists()


def test_a_path_that_only_some_routes_share_with_the_host_belongs_to_them(
    spec: Path, vendored: Document
) -> None:
    """It is taken away from all routes or from none."""
    spec.write_text(moved(vendored, list_databases="GET /gateway/dbs"))
    pulled = routes.pull(str(spec), host=f"{HOST}/gateway")
    assert [one.route for one in pulled.matched if one.is_changed] == ["GET /gateway/dbs"]


@pytest.mark.usefixtures("tmp_path")
def test_a_docs_page_is_followed_with_the_headers_it_wants(
    vendored: Document, server: ScriptedServer
) -> None:
    """The page and the document it names are asked for with the headers; no key goes along."""
    text = moved(vendored, list_databases="GET /v2/dbs")

    def response_of(seen: Any) -> Reply:
        if seen.header("X-Docs") != "let-me-in":
            return Reply(401)
        return Reply(body=page("../spec.json") if seen.target.startswith("/docs/") else text)

    server.handler = response_of
    pulled = routes.pull(
        f"{server.url}/docs/?token=hush", host=HOST, headers={"X-Docs": "let-me-in"}
    )
    assert pulled.address == f"{server.url}/spec.json"
    assert [one.operation for one in pulled.matched] == list(OPERATIONS)
    assert all(seen.header("Authorization") is None for seen in server.seen)


@pytest.mark.usefixtures("tmp_path")
def test_nothing_secret_of_the_source_is_written(
    vendored: Document, server: ScriptedServer
) -> None:
    """A query, which may hold a token, stays out of the file and of the report."""
    server.script(Reply(body=moved(vendored)))
    pulled = routes.pull(f"{server.url}/s.json?token=hush", host=HOST, headers={"X-Key": "hush"})
    assert server.lines == ["GET /s.json?token=hush"]
    assert "hush" not in pulled.file.read_text() + repr(pulled)


NOTHING = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
BAD: dict[str, tuple[Reply, str]] = {
    "404": (Reply(404, "no"), "HTTP 404"),
    "401": (Reply(401, "no"), "HTTP 401"),
    "page": (Reply(body="<html><h1>Welcome</h1></html>"), "page without a specification"),
    "another API": (
        Reply(body={**NOTHING, "paths": {"/pets": {"get": {}}}}),
        "not a specification",
    ),
    "no paths": (Reply(body=NOTHING), "paths"),
    "no object": (Reply(body=[1]), "paths"),
    "cut": (Reply(body='{"openapi": "3.1.0", "pa'), "JSON"),
    "broken off": (Reply(body={**NOTHING, "paths": {}}, cut=5), "truncated"),
    "empty": (Reply(body=""), "paths"),
    "silent": (SILENT, "cannot be fetched"),
    "round": (Reply(302, headers={"Location": "/"}), "without an end"),
    "loop": (Reply(body={**NOTHING, "paths": {"/a": {"$ref": "#/paths/~1a"}}}), "only 0 of"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("before", [None, '[routes]\nlist_databases = "GET /mine"\n'])
def test_a_bad_source_is_reported_and_changes_nothing(
    server: ScriptedServer, routes_directory: Path, name: str, before: str | None
) -> None:
    """No file is written, none is changed, and no part of one is left."""
    reply, words = BAD[name]
    server.script(reply)
    file = routes.file_of(HOST)
    if before is not None:
        file.parent.mkdir(parents=True)
        file.write_text(before)
    with pytest.raises(ByteHouseError, match=words) as caught:
        routes.pull(server.url, host=HOST, timeout=0.5)
    assert isinstance(caught.value, routes.UpstreamError)
    if before is None:
        assert not routes_directory.exists()
    else:
        assert file.read_text() == before
        assert list(routes_directory.iterdir()) == [file]


def test_a_source_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """A file or host that does not exist ends in an error with its name."""
    for source in (str(tmp_path / "none.json"), "https://nowhere.invalid/docs"):
        with pytest.raises(routes.UpstreamError, match=r"none\.json|nowhere\.invalid"):
            routes.pull(source, host=HOST)


def test_another_file_is_written_where_it_is_asked_for(
    spec: Path, vendored: Document, tmp_path: Path, routes_directory: Path
) -> None:
    """It needs no host, and a client takes it as `routes`."""
    spec.write_text(moved(vendored, list_databases="GET /v2/dbs"))
    file = tmp_path / "new" / "mine.toml"
    assert routes.pull(str(spec), file=file).file == file
    assert not routes_directory.exists()
    with ByteHouse(HOST, KEY, routes=file) as bh:
        assert ("routes", f"{len(OPERATIONS)} routes", "argument") in bh.config.explain()


def test_what_cannot_be_written_or_sent_is_refused(
    spec: Path, vendored: Document, tmp_path: Path
) -> None:
    """No host and no file, no place to write to, a header that is none: each says so."""
    spec.write_text(moved(vendored))
    with pytest.raises(ConfigError, match="No host given"):
        routes.pull(str(spec))
    with pytest.raises(ConfigError, match="cannot be written"):
        routes.pull(str(spec), file=spec / "below")
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        routes.pull(str(spec), file=taken)
    with pytest.raises(InvalidArgument) as caught:
        routes.pull(str(spec), host=HOST, headers={"X-Key": "hu\nsh7"})
    assert "sh7" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == [spec, taken]


def test_a_broken_file_is_repaired_by_a_pull(spec: Path, vendored: Document) -> None:
    """What no client starts with, the pull replaces."""
    file = routes.file_of(HOST)
    file.parent.mkdir(parents=True)
    file.write_text("broken")
    with pytest.raises(ConfigError, match="bytehouse routes pull"):
        ByteHouse(HOST, KEY)
    spec.write_text(json.dumps(vendored))
    routes.pull(str(spec), host=HOST)
    ByteHouse(HOST, KEY).close()
