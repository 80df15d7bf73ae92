"""Adopting makes openapi.yaml say what the upstream says, once, and keeps what is ours."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse._upstream import Document, UpstreamError, operations, read, target
from codegen import adopt, drift, generate, spec, trees
from codegen.errors import GenerationError
from codegen.upstream.adoption import adopted
from tests.upstream.planted import PLANTED, operation, schema

METHODS = {"get": "post", "post": "put", "put": "patch", "patch": "post", "delete": "put"}


@pytest.fixture
def repository(root: Path, tmp_path: Path) -> Path:
    """Copy what adopting reads and writes."""
    for name in ("openapi.yaml", "codegen/corrections.yaml"):
        (tmp_path / "r" / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(root / name, tmp_path / "r" / name)
    for name in (generate.RAW, generate.ASYNC, generate.SYNC):
        shutil.copytree(root / name, tmp_path / "r" / name)
    return tmp_path / "r"


def run(repository: Path, document: Document) -> int:
    """Adopt a document as a person would."""
    source = repository.parent / "upstream.json"
    source.write_text(json.dumps(document))
    return adopt.main([str(source), "--repository", str(repository), "--no-tests"])


def check(repository: Path) -> int:
    """Tell whether what is generated is fresh."""
    return generate.main(["--check", "--repository", str(repository)])


def with_other_routes(document: Document) -> dict[str, Any]:
    """Return the specification with another method, path, id and tag for every operation."""
    paths: dict[str, Any] = {}
    for number, found in enumerate(operations(document), start=1):
        node = {**found.node, "operationId": f"Op{number}", "tags": [f"{found.tag} API"]}
        node["parameters"] = [
            {**p, "name": p["name"].upper()} if p["in"] == "path" else p for p in found.parameters
        ]
        names = [p["name"] for p in node["parameters"] if p["in"] == "path"]
        path = f"/api/v3/area{number % 9}/x{number}" + "".join(f"/{{{n}}}" for n in names)
        paths[path] = {METHODS[found.method.lower()]: node}
    return {**document, "paths": paths}


def facts(document: Document) -> Iterator[tuple[Any, ...]]:
    """Yield what adopting must not touch."""
    for found in operations(document):
        node = found.node
        yield (
            found.id,
            found.tag,
            found.summary,
            node["x-retry"],
            node.get("x-pagination"),
            node["description"],
        )


def test_other_routes_are_adopted_once(
    repository: Path, vendored: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    """All 71 move, are generated, are documented from then on; a second time changes nothing."""
    theirs = with_other_routes(vendored)
    assert run(repository, theirs) == 0
    assert check(repository) == 0
    after = read(str(repository / "openapi.yaml")).document
    routes = {found.id: (found.method, found.path) for found in operations(after)}
    wanted = {
        ours.id: (other.method, other.path)
        for ours, other in zip(operations(vendored), operations(theirs), strict=True)
    }
    names = {
        ours.id: [p["name"] for p in ours.parameters if p["in"] == "path"]
        for ours in operations(vendored)
    }
    for name, (method, path) in wanted.items():
        expected = path
        for ours in names[name]:
            expected = expected.replace(f"{{{ours.upper()}}}", f"{{{ours}}}")
        assert routes[name] == (method, expected)
    assert {
        node["x-evidence"]
        for item in after["paths"].values()
        for node in item.values()
        if isinstance(node, dict)
    } == {"documented"}
    assert list(facts(after)) == list(facts(vendored))
    assert schema(dict(after), "Table") == {
        **schema(dict(vendored), "Table"),
        "x-evidence": "documented",
    }

    corrections = spec.load(repository / "codegen" / "corrections.yaml")
    spec.correct(dict(after), corrections)  # refuses what matches nothing any more

    before = trees.files(repository)
    capsys.readouterr()
    assert run(repository, theirs) == 0
    assert capsys.readouterr().out == "There is nothing to take over.\n"
    assert trees.files(repository) == before
    source = str(repository.parent / "upstream.json")
    assert drift.main([source, "--repository", str(repository)]) == 0


def test_planted_changes_are_adopted_and_the_rest_is_told(
    repository: Path, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """All planted changes at once: what a person must decide is left, and listed each time."""
    for planted in PLANTED:
        planted.make(draft)
    assert run(repository, draft) == 0
    first = capsys.readouterr().out.splitlines()[1:]
    assert [line.split(":")[1].split(",")[0].strip() for line in first] == [
        "security",
        "operation gone",
        "operation added",
    ]
    before = trees.files(repository)
    assert run(repository, draft) == 0
    assert capsys.readouterr().out.splitlines() == ["There is nothing to take over.", *first]
    assert trees.files(repository) == before
    raw = repository / generate.RAW / "models"
    assert "owner" in (raw / "create_database_request.py").read_text()
    assert "sampling_key" not in (raw / "create_table_request.py").read_text()


def test_a_pristine_upstream_only_confirms(root: Path, tmp_path: Path, vendored: Document) -> None:
    """The same facts change nothing but the marks, and no line of them but where the mark is."""
    marks = "x-evidence: inferred", "x-evidence: documented"
    text = (root / "openapi.yaml").read_text()
    before = text.replace(f"\n      {marks[1]}", f"\n      {marks[0]}")
    upstream = read(str(root / "openapi.yaml"))
    after = adopted(before, vendored, upstream)
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), after.splitlines(), strict=True)
        if old != new
    ]
    assert len(changed) >= 71
    assert all(old.replace(*marks) == new for old, new in changed)
    (tmp_path / "after.yaml").write_text(after)
    assert adopted(after, read(str(tmp_path / "after.yaml")).document, upstream) == after


def test_what_is_shared_is_parted_where_its_users_are(
    repository: Path, draft: dict[str, Any]
) -> None:
    """What one operation has otherwise stays for the others; that one gets its own."""
    node = operation(draft, "delete_database")["responses"]["200"]["content"]["application/json"]
    node["schema"] = {
        "type": "object",
        "properties": {
            "state": {"type": "string", "enum": ["gone", "going"]},
            "job": {"type": "object", "properties": {"id": {"type": "integer"}}},
        },
    }
    node = operation(draft, "list_tables")
    node["parameters"] = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}}
        if entry["$ref"].endswith("/Limit")
        else entry
        for entry in node["parameters"]
    ]
    assert run(repository, draft) == 0
    after = read(str(repository / "openapi.yaml")).document
    found = {o.id: o for o in operations(after)}
    limits = [
        next(p["schema"] for p in found[name].parameters if p["name"] == "limit")
        for name in ("list_tables", "list_databases")
    ]
    assert limits == [{"type": "integer", "maximum": 50}, {"type": "integer"}]
    answers = {
        name: found[name].node["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        for name in ("delete_database", "delete_table")
    }
    assert answers == {
        "delete_database": "#/components/schemas/DeleteDatabaseResponse",
        "delete_table": "#/components/schemas/EmptyResponse",
    }
    made = target(after, {"$ref": answers["delete_database"]})["properties"]
    assert made["state"] == {"$ref": "#/components/schemas/DeleteDatabaseResponseState"}
    assert made["job"] == {"$ref": "#/components/schemas/DeleteDatabaseResponseJob"}


def test_what_cannot_be_generated_changes_nothing(
    repository: Path, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """An upstream that the generator cannot do with leaves every file as it was."""
    schema(draft, "Database")["properties"]["both"] = {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "object", "properties": {"at": {"type": "string"}}},
        ]
    }
    before = trees.files(repository)
    assert run(repository, draft) == 1
    assert "Nothing was changed." in capsys.readouterr().err
    assert trees.files(repository) == before


def test_a_failure_in_the_middle_changes_nothing(
    repository: Path, draft: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while generating, no file is half done."""

    def fail(*_: object) -> None:
        raise GenerationError("no room")

    for planted in PLANTED:
        planted.make(draft)
    monkeypatch.setattr("codegen.adopt.generate.generate", fail)
    before = trees.files(repository)
    assert run(repository, draft) == 1
    assert trees.files(repository) == before


def test_a_document_that_breaks_the_writing_is_refused(
    repository: Path, draft: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that trips the writing itself ends in the same error."""

    def fail(*_: object) -> str:
        raise KeyError("200")

    monkeypatch.setattr(adopt, "adopted", fail)
    (repository.parent / "u.json").write_text(json.dumps(draft))
    with pytest.raises(UpstreamError, match="cannot be taken over"):
        adopt.adopt(repository, read(str(repository.parent / "u.json")))
