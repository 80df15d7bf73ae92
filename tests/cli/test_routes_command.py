"""`bytehouse routes`: seen, pulled and found again from a shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bytehouse_openapi import read
from bytehouse_raw.operations import OPERATIONS
from tests.cli.conftest import Bytehouse
from tests.openapi.specs import elsewhere, moved
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, closed_port
from tests.support.wire import request_line


@pytest.fixture(scope="module")
def spec(root: Path) -> str:
    """Return a specification with one operation moved, one gone and one new."""
    document = read(str(root / "openapi.yaml")).document
    added = {"/new": {"get": {"operationId": "get_new", "responses": {}}}}
    document = {**document, "paths": {**document["paths"], **added}}
    return moved(document, list_databases="GET /v2/dbs", list_roles="")


def test_every_route_is_listed(bytehouse: Bytehouse) -> None:
    """All with method, path and origin, without any configuration, as table and as JSON."""
    listed = json.loads(bytehouse("routes", "list", "--format", "json").out)
    assert [(one["operation"], one["method"], one["path"], one["origin"]) for one in listed] == [
        (o.id, o.method, o.path, o.evidence) for o in OPERATIONS.values()
    ]
    lines = bytehouse("routes", "list", "--format", "table").out.splitlines()
    assert [line.split() for line in lines[2:]] == [list(one.values()) for one in listed]


def test_a_pull_reports_what_changed_and_what_did_not(
    bytehouse: Bytehouse, server: ScriptedServer, spec: str
) -> None:
    """What differs, what is missing and what is new are named, and where the file is."""
    server.script(Reply(body=spec))
    arguments = [f"{server.url}/openapi.json", "--host", server.url, "--format", "table"]
    done = bytehouse("routes", "pull", *arguments)
    assert done.code == 0, done.err
    text = " ".join(done.out.split())
    assert (
        f"{len(OPERATIONS) - 1} of {len(OPERATIONS)} operations are in {server.url}/openapi.json."
        in text
    )
    assert "1 routes differ" in text
    assert f"list_databases {request_line('list_databases')} -> GET /v2/dbs" in text
    assert (
        f"list_roles {request_line('list_roles')} (the specification has no such operation)" in text
    )
    assert "GET /new" in text
    path = bytehouse("routes", "path", "--host", server.url).out.strip()
    assert done.out.splitlines()[-1].endswith(path)
    assert Path(path).is_file()

    listed = json.loads(bytehouse("routes", "list", "--host", server.url, "--format", "json").out)
    origins = {one["operation"]: (one["path"], one["origin"]) for one in listed}
    assert origins["list_databases"] == ("/v2/dbs", f"routes file {path}")
    assert origins["list_roles"] == (
        OPERATIONS["list_roles"].path,
        OPERATIONS["list_roles"].evidence,
    )


def test_a_pull_can_report_in_json_and_write_elsewhere(
    bytehouse: Bytehouse, server: ScriptedServer, spec: str, tmp_path: Path
) -> None:
    """With `--file` no host is needed; headers go to the source."""
    server.script(Reply(body=spec))
    file = tmp_path / "mine.toml"
    arguments = ["--file", str(file), "--header", "X-Docs: yes", "--format", "json"]
    told = json.loads(bytehouse("routes", "pull", server.url, *arguments).out)
    assert told["file"] == str(file)
    assert file.is_file()
    assert (len(told["matched"]), len(told["unmatched"]), told["unknown"]) == (
        len(OPERATIONS) - 1,
        1,
        ["GET /new"],
    )
    assert server.seen[0].header("X-Docs") == "yes"


def test_a_pull_that_fails_says_why(bytehouse: Bytehouse, server: ScriptedServer) -> None:
    """A source without a document, and a pull without a place to write to."""
    server.script(Reply(body="<html>hello</html>"))
    done = bytehouse("routes", "pull", server.url, "--host", server.url)
    assert (done.code, done.out) == (1, "")
    assert "page without a specification" in done.err
    assert not Path(bytehouse("routes", "path", "--host", server.url).out.strip()).exists()
    assert bytehouse("routes", "pull", server.url).code == 3
    assert bytehouse("routes", "pull", "none.yaml", "--host", server.url).code == 6
    gone = f"http://127.0.0.1:{closed_port()}/docs"
    assert bytehouse("routes", "pull", gone, "--host", server.url).code == 4
    assert bytehouse("routes", "pull", server.url, "--header", "nonsense").code == 2


def test_a_broken_file_is_reported_and_repaired(
    bytehouse: Bytehouse,
    server: ScriptedServer,
    spec: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every command that needs the routes names the file and the command that repairs it."""
    monkeypatch.setenv("BYTEHOUSE_HOST", server.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
    file = Path(bytehouse("routes", "path").out.strip())
    file.parent.mkdir(parents=True)
    file.write_text("[routes]\nlist_databases = 'x'\n")
    for arguments in (("routes", "list"), ("doctor",), ("api", "list_databases")):
        done = bytehouse(*arguments)
        assert done.code == 3
        assert str(file) in done.err + done.out
        assert "bytehouse routes pull SOURCE" in done.err + done.out
    server.script(Reply(body=spec))
    assert bytehouse("routes", "pull", server.url).code == 0
    assert bytehouse("routes", "list").code == 0


def test_elsewhere_has_no_route_of_ours() -> None:
    """The service that is elsewhere in these tests has no route of ours, or they show nothing."""
    ours = {f"{o.method} {o.path}" for o in OPERATIONS.values()}
    assert not ours & set(elsewhere().values())
