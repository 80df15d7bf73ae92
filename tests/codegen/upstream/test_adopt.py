"""Adopting makes openapi.yaml say what the upstream says, once, and keeps what is ours."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse_openapi import Document, UpstreamError, operations, read, target
from codegen import adopt, drift, generate, spec, trees
from codegen.errors import GenerationError
from codegen.upstream import docstrings, search
from codegen.upstream.adoption import adopted
from codegen.upstream.schemas import references
from tests.codegen.upstream.adopted import with_other_routes
from tests.openapi.planted import OTHER_ROLE_HEADER, PLANTED, operation, prop, schema

# Each adopts and generates a whole tree.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def repository(root: Path, tmp_path: Path) -> Path:
    """Copy what adopting reads and writes."""
    for name in ("openapi.yaml", "codegen/corrections.yaml"):
        (tmp_path / "r" / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(root / name, tmp_path / "r" / name)
    for name in (generate.RAW, generate.ASYNC, generate.SYNC):
        shutil.copytree(root / name, tmp_path / "r" / name)
    return tmp_path / "r"


def without_evidence(node: Any) -> Any:
    """Return a part of a specification without its marks of evidence."""
    if isinstance(node, dict):
        return {key: without_evidence(one) for key, one in node.items() if key != "x-evidence"}
    return [without_evidence(one) for one in node] if isinstance(node, list) else node


def run(repository: Path, document: Document) -> int:
    """Adopt a document as a person would."""
    source = repository.parent / "upstream.json"
    source.write_text(json.dumps(document))
    return adopt.main([str(source), "--repository", str(repository), "--no-tests"])


def check(repository: Path) -> int:
    """Tell whether what is generated is fresh."""
    return generate.main(["--check", "--repository", str(repository)])


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
    assert schema(dict(after), "Table")["x-evidence"] == "documented"
    assert without_evidence(schema(dict(after), "Table")) == without_evidence(
        schema(dict(vendored), "Table")
    )

    corrections = spec.load(repository / "codegen" / "corrections.yaml")
    spec.correct(dict(after), corrections)  # refuses what matches nothing any more

    before = trees.files(repository)
    capsys.readouterr()
    assert run(repository, theirs) == 0
    assert capsys.readouterr().out == "There is nothing to take over.\n"
    assert trees.files(repository) == before
    source = str(repository.parent / "upstream.json")
    assert drift.main([source, "--repository", str(repository)]) == 0


def test_planted_changes_are_adopted_and_the_rest_is_reported(
    repository: Path, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """All planted changes at once: what a person must decide is left, and listed each time."""
    for planted in PLANTED:
        planted.make(draft)
    assert run(repository, draft) == 0
    first = capsys.readouterr().out.splitlines()[1:]
    marks = ("which still pass the old one", "taken over; whatever reads it must change, see")
    outdated = [line for line in first if any(mark in line for mark in marks)]
    first = [line for line in first if line not in outdated]  # told when it is adopted
    others = [line for line in first if "is left as it is in ours" not in line]
    assert [line.split(":")[1].split(",")[0].strip() for line in others] == [
        "safety",
        "security",
        "query parameter UserID",
        "AssignRoleRequest.reason",
        "query parameter accountID",
        "paging",
        "RenameImportJobRequest.name",
        "query parameter duration",
        "operation gone",
        "security",
        "security",
        "operation added",
    ]
    first.remove(others[0])  # once taken over, a method is what openapi.yaml says
    before = trees.files(repository)
    assert run(repository, draft) == 0
    assert capsys.readouterr().out.splitlines() == ["There is nothing to take over.", *first]
    assert trees.files(repository) == before
    raw = repository / generate.RAW / "models"
    assert "owner" in (raw / "create_database_request.py").read_text()
    assert "sample_by" not in (raw / "create_table_request.py").read_text()


def test_a_pristine_upstream_only_confirms(root: Path, tmp_path: Path, vendored: Document) -> None:
    """The same facts change nothing but the marks, and no line of them but where the mark is; that
    the upstream has an operation is noted at its end."""
    marks = "x-evidence: inferred", "x-evidence: documented"
    text = (root / "openapi.yaml").read_text()
    before = text.replace(f"\n      {marks[1]}", f"\n      {marks[0]}")
    upstream = read(str(root / "openapi.yaml"))
    after = adopted(before, vendored, upstream).text
    unnoted = [
        [line for line in state.splitlines() if not line.startswith("      x-upstream: {")]
        for state in (before, after)
    ]
    assert len(after.splitlines()) - len(unnoted[1]) == 71
    changed = [(old, new) for old, new in zip(*unnoted, strict=True) if old != new]
    assert len(changed) >= 71
    assert all(old.replace(*marks) == new for old, new in changed)
    (tmp_path / "after.yaml").write_text(after)
    again = adopted(after, read(str(tmp_path / "after.yaml")).document, upstream)
    assert again.text == after


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
    responses = {
        name: found[name].node["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        for name in ("delete_database", "delete_table")
    }
    assert responses == {
        "delete_database": "#/components/schemas/DeleteDatabaseResponse",
        "delete_table": "#/components/schemas/EmptyResponse",
    }
    made = target(after, {"$ref": responses["delete_database"]})["properties"]
    assert made["state"] == {"$ref": "#/components/schemas/DeleteDatabaseResponseState"}
    assert made["job"] == {"$ref": "#/components/schemas/DeleteDatabaseResponseJob"}


def correct(repository: Path, target: str) -> None:
    """Add a correction in front of the others."""
    file = repository / "codegen" / "corrections.yaml"
    action = f"  - target: {target}\n    description: So it must be.\n    remove: true\n"
    file.write_text(file.read_text().replace("actions:\n", f"actions:\n{action}"))


def test_methods_that_pass_what_is_renamed_are_named(
    repository: Path, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """What a method passes or returns gets its new name or type; who has the old one is told."""
    fields = schema(draft, "CreateDatabaseRequest")["properties"]
    fields["comment"] = fields.pop("description")
    draft["components"]["parameters"]["UsageWarehouse"]["name"] = "vw"
    draft["components"]["parameters"]["ActiveRole"]["name"] = OTHER_ROLE_HEADER
    del schema(draft, "Warehouse")["properties"]["status"]
    prop(draft, "Warehouse", "id")["type"] = "integer"
    assert run(repository, draft) == 0
    told = capsys.readouterr().out
    assert "bh.databases.create(description=), bh.databases.ensure(description=)" in told
    assert "bh.usage.warehouse(warehouse=)" in told
    assert "Warehouse.status: property removed" in told
    assert "whatever reads it must change, see bh.warehouses.list" in told
    assert "Warehouse.id: type, string → integer: taken over" in told
    # What was renamed everywhere has kept its name in Python: no method must change.
    assert f"is called {OTHER_ROLE_HEADER} now" in told
    assert f"→ {OTHER_ROLE_HEADER}: change" not in told


def test_a_correction_of_what_is_gone_is_taken_out_and_told(
    repository: Path, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named with its reason; the others stay, and generating goes on."""
    file = repository / "codegen" / "corrections.yaml"
    before = file.read_text()
    correct(repository, "$.components.schemas.Database.properties.description")
    del schema(draft, "Database")["properties"]["description"]
    assert run(repository, draft) == 0
    told = capsys.readouterr().out
    assert "the correction of $.components.schemas.Database.properties.description" in told
    assert "So it must be." in told
    assert spec.load(file) == spec.load(write(repository.parent / "before.yaml", before))
    assert check(repository) == 0


def write(file: Path, text: str) -> Path:
    """Write a file, and return it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_what_the_client_imports_stays_when_no_operation_uses_it(
    repository: Path,
    draft: dict[str, Any],
    vendored: Document,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A schema that only an operation's old response held stays for the client, and is told."""
    content = operation(draft, "get_query_lineage")["responses"]["200"]["content"]
    plain = {"type": "object", "properties": {"n": {"type": "string"}}}
    content["application/json"]["schema"] = plain
    assert run(repository, draft) == 0
    after = read(str(repository / "openapi.yaml")).document
    left = after["components"]["schemas"].keys()
    gone = vendored["components"]["schemas"].keys() - left
    assert gone == set()
    assert "no operation uses QueryLineage any more; it stays" in capsys.readouterr().out
    unused = left - {name.rpartition("/")[2] for name in references(after)}
    assert unused == {"QueryLineage"}


def test_the_tests_run_on_what_was_adopted(repository: Path, vendored: Document) -> None:
    """They see the new routes; adopting tells by its exit whether they pass."""
    path = "/api/v3/area3/x3"
    seen = f"""
from bytehouse_raw.operations import OPERATIONS

def test_it():
    assert OPERATIONS["list_databases"].path == {path!r}
"""
    write(repository / adopt.RECORDED, seen)
    good = write(repository / "tests" / "test_good.py", seen)
    bad = write(repository / "tests" / "test_bad.py", seen.replace("==", "!="))
    source = write(repository.parent / "u.json", json.dumps(with_other_routes(vendored)))
    arguments = [str(source), "--repository", str(repository), "--tests", str(bad)]
    assert adopt.main(arguments) == 2
    assert adopt._passes(repository, [str(good)])


def test_docstrings_name_the_new_route() -> None:
    """The route and its evidence change, and the paragraph is wrapped; nothing else does."""
    before = '''
def one():
    """Do it.

    `GET /old/{a}`, then `POST
    /old` (both inferred), and `GET /other` (inferred), and so are the fields, as
    has been said.
    """
'''
    long = "/" + "new/" * 17 + "{a}"
    routes = {
        "GET /old/{a}": (f"PUT {long}", "documented"),
        "POST /old": ("GET /old/{a}", "documented"),
    }
    after = f'''
def one():
    """Do it.

    `PUT {long}`, then
    `GET /old/{{a}}` (both documented), and `GET /other` (inferred), and so are the fields, as has
    been said.
    """
'''
    assert docstrings.renamed(before, routes) == after


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

    monkeypatch.setattr(search, "adopted", fail)
    (repository.parent / "u.json").write_text(json.dumps(draft))
    with pytest.raises(UpstreamError, match="cannot be taken over"):
        adopt.adopt(repository, read(str(repository.parent / "u.json")))
