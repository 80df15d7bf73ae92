"""Each change of the service is found, classified, and named by what of the client it touches."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bytehouse_openapi import Document, Upstream
from bytehouse_openapi.document import drop_unresolved
from codegen import drift as command
from codegen.upstream import drift, redocly
from codegen.upstream.causes import Change
from codegen.upstream.methods import Method
from codegen.upstream.render import FORMATS
from tests.openapi.forms import FORMS, PAGE
from tests.openapi.planted import PLANTED, Planted, move, operation, rename_schema, route, schema
from tests.openapi.server import Site
from tests.support.operations import DOCUMENTED

Methods = dict[str, list[Method]]
needs_redocly = pytest.mark.skipif(
    not redocly.is_installed(), reason="Redocly is not installed: `make lint-spec` brings it"
)


def compared(
    ours: Document, theirs: Document, methods: Methods, *, ask_redocly: bool = False
) -> drift.Report:
    """Compare two documents."""
    upstream = Upstream(theirs, "upstream.json", "", "3.1.0")
    return drift.compare(ours, upstream, methods, ask_redocly=ask_redocly)


def told(report: drift.Report, planted: Planted) -> list[Change]:
    """Return the changes of a report that say what is expected of a planted one."""
    return [
        change
        for change in report.changes
        if (change.kind, change.impact) == (planted.kind, planted.impact)
        and planted.subject in (change.subject, *change.operations)
        and (planted.method in change.methods or not planted.method)
    ]


def reordered(node: Any) -> Any:
    """Return a document with its keys and lists the other way round."""
    if isinstance(node, list):
        return [reordered(inner) for inner in node[::-1]]
    if isinstance(node, dict):
        return {key: reordered(node[key]) for key in sorted(node, reverse=True)}
    return node


def older(node: Any) -> Any:
    """Return a part as OpenAPI 3.0 has it."""
    if isinstance(node, list):
        return [older(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    made = {key: older(inner) for key, inner in node.items()}
    if isinstance(kinds := made.get("type"), list):
        made |= {"type": next(kind for kind in kinds if kind != "null"), "nullable": True}
    if "exclusiveMinimum" in made:
        made |= {"minimum": made["exclusiveMinimum"], "exclusiveMinimum": True}
    return made


def other_words(draft: dict[str, Any]) -> dict[str, Any]:
    """Return a document with other ids, texts, names in paths and ways to say the same."""
    made: dict[str, Any] = copy.deepcopy(draft)
    for parameter in made["components"]["parameters"].values():
        if parameter["in"] == "path":
            parameter["name"] = f"the_{parameter['name']}"
    made["paths"] = {path.replace("{", "{the_"): item for path, item in made["paths"].items()}
    for number, item in enumerate(made["paths"].values()):
        for node in item.values():
            if isinstance(node, dict):
                node["operationId"] = f"{node['operationId']}_V{number}"
                node["description"] = "Something else."
    for parameter in made["components"]["parameters"].values():
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].lower()
    created = dict(schema(made, "CreateDatabaseRequest"))
    schema(made, "CreateDatabaseRequest").clear()
    schema(made, "CreateDatabaseRequest").update(allOf=[{"title": "x", **created}])
    return made


# All together take 8 s; those that are run by default are of every class.
@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(one, id=one.name, marks=[pytest.mark.slow] if number % 10 else [])
        for number, one in enumerate(PLANTED)
    ],
)
def test_a_planted_change_is_reported(
    planted: Planted, vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """Kind, class, place and method are what the table says; nothing else is reported."""
    planted.make(draft)
    report = compared(vendored, draft, known_methods)
    assert len(told(report, planted)) == 1, report.changes
    assert report.verdict == planted.impact
    assert len(report.changes) <= 2  # a rename is one thing gone and one that is new


@pytest.mark.parametrize("ask", [False, pytest.param(True, marks=needs_redocly)])
def test_all_changes_together_are_reported(
    ask: bool, vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """No change hides another, and Redocly's opinion, where there is one, changes no class."""
    for planted in PLANTED:
        planted.make(draft)
    report = compared(vendored, draft, known_methods, ask_redocly=ask)
    assert [planted.name for planted in PLANTED if len(told(report, planted)) != 1] == []
    assert ("Redocly and" in report.classifier) == ask
    assert any("Redocly" in change.by for change in report.changes) == ask


@needs_redocly
@pytest.mark.parametrize("name", ["response field removed", "request default", "tag"])
def test_redocly_is_asked_about_what_it_judges(
    name: str, vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """With Redocly the class of a change is the table's too."""
    (planted,) = [planted for planted in PLANTED if planted.name == name]
    planted.make(draft)
    report = compared(vendored, draft, known_methods, ask_redocly=True)
    assert len(told(report, planted)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain YAML", "Redoc 2, __redoc_state"])
def test_drift_of_a_docs_page_is_reported(
    form: str, web: Site, draft: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command finds all planted changes wherever the specification is, and exits 1."""
    for planted in PLANTED:
        planted.make(draft)
    web.served = FORMS[form](draft)
    assert command.main([web.url(PAGE), "--no-redocly", "--format=json"]) == 1
    changes = json.loads(capsys.readouterr().out)["changes"]
    found = {(c["kind"], subject) for c in changes for subject in (c["subject"], *c["operations"])}
    assert found >= {(planted.kind, planted.subject) for planted in PLANTED}


def behind_a_gateway(draft: dict[str, Any]) -> dict[str, Any]:
    """Return a document in which browsers may ask each path what they may do."""
    for item in draft["paths"].values():
        item["options"] = {"responses": {"200": {"description": ""}}}
    return draft


SAME = [reordered, older, other_words, behind_a_gateway]


@pytest.mark.parametrize("change", SAME, ids=lambda f: f.__name__)
def test_what_says_the_same_is_no_drift(
    change: Any, vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """Order, OpenAPI version, texts, ids, names in paths, case of headers: none is drift."""
    theirs = change(draft)
    report = compared(vendored, theirs, known_methods)
    assert report.changes == []
    assert report.verdict == "none"


def test_inferred_facts_are_confirmed_or_refuted(
    vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """An equal route confirms ours; another route and a missing inferred field refute it."""
    ours = copy.deepcopy(dict(vendored))
    operation(ours, "list_databases")["x-evidence"] = "inferred"
    schema(ours, "Execution")["x-evidence"] = "inferred"
    path, method = route(ours, "list_databases")
    routed = f"list_databases: {method.upper()} {path}"
    before = compared(ours, draft, known_methods)
    assert {routed, "Execution"} <= set(before.confirmed)
    assert before.refuted == []
    move(draft, "list_databases", path=True)
    schema(draft, "Execution")["properties"].pop("jobID")
    after = compared(ours, draft, known_methods)
    assert after.refuted == ["Execution", routed]
    assert len(before.confirmed) == len(after.confirmed) + 2


def test_what_is_not_clear_is_not_called_none(
    vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """An operation that may be one of two makes the verdict unknown, exit 3."""
    path, _ = route(draft, "list_roles")
    node = operation(draft, "list_roles")
    del node["operationId"]
    node.pop("x-upstream", None)
    node["summary"] = "Roles, listed"
    item = draft["paths"].pop(path)
    draft["paths"] |= {f"/a{path}": item, f"/b{path}": copy.deepcopy(item)}
    report = compared(vendored, draft, known_methods)
    assert list(report.ambiguous) == ["list_roles"]
    assert drift.EXIT[report.verdict] == 3
    assert "list_roles may be" in FORMATS["terminal"](report)


def test_a_reference_to_nothing_is_told_and_hides_nothing_else(
    vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """The verdict is unknown; no parameter counts as removed because one cannot be read."""
    operation(draft, "list_roles")["parameters"] = [{"$ref": "parameters.yaml#/role"}]
    upstream = Upstream(draft, "upstream.json", "", "3.1.0", drop_unresolved(draft))
    report = drift.compare(vendored, upstream, known_methods, ask_redocly=False)
    assert report.changes == []
    assert drift.EXIT[report.verdict] == 3
    for name, write in FORMATS.items():
        assert "parameters.yaml#/role" in write(report), name


def test_names_that_are_noted_are_no_drift(
    vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """What openapi.yaml says the upstream calls a thing is not told again."""
    ours = copy.deepcopy(dict(vendored))
    operation(ours, "list_roles")["x-upstream"] = {"tag": "Roles", "operationId": "GetRoles"}
    schema(ours, "Role")["x-upstream"] = {"names": ["IamRole"]}
    operation(draft, "list_roles").update(tags=["Roles"], operationId="GetRoles", summary="?")
    rename_schema(draft, "Role", "IamRole")
    assert compared(ours, draft, known_methods).changes == []


def test_every_operation_has_a_method_to_be_named_by(
    known_methods: Methods,
) -> None:
    """The methods are found in the client's source, and people call them: no internals."""
    assert set(known_methods) >= set(DOCUMENTED)
    owners = {m.name.rpartition(".")[0] for one in known_methods.values() for m in one}
    assert {owner for owner in owners if owner.partition(".")[0] != "bh"} == {
        "ExecutionHandle",
        "QueryHandle",
        "TablePlan",
    }
    sent = [m.name for m in known_methods["submit_sync_query"]]
    assert {"bh.insert", "bh.query"} <= {*sent[:4]}, sent


def test_every_format_says_the_same(
    vendored: Document, draft: dict[str, Any], known_methods: Methods
) -> None:
    """Subject and method are in each form of output; Markdown and annotations stay whole."""
    path, _ = route(draft, "list_warehouses")
    draft["paths"]["/v1/a|b\n<x>"] = draft["paths"].pop(path)
    report = compared(vendored, draft, known_methods)
    for name, write in FORMATS.items():
        assert "bh.warehouses.list" in write(report), name
    rows = [line for line in FORMATS["markdown"](report).splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}
    assert all(line.startswith("::") for line in FORMATS["github"](report).splitlines())
    assert json.loads(FORMATS["json"](report))["verdict"] == "breaking"


@pytest.mark.parametrize(("name", "status"), [("", 0), ("path", 1), ("response field added", 2)])
def test_the_exit_status_is_the_verdict(
    name: str,
    status: int,
    tmp_path: Path,
    draft: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 none, 1 breaking, 2 compatible."""
    for planted in PLANTED:
        if planted.name == name:
            planted.make(draft)
    (tmp_path / "spec.json").write_text(json.dumps(draft))
    assert command.main([str(tmp_path / "spec.json"), "--no-redocly"]) == status
    assert capsys.readouterr().err == ""


def test_without_an_upstream_it_says_so(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No argument and none configured is told apart from no drift: exit 3."""
    (tmp_path / "openapi.yaml").write_bytes((root / "openapi.yaml").read_bytes())
    assert command.main(["--repository", str(tmp_path)]) == 3
    assert "No upstream specification is configured" in capsys.readouterr().err


def test_headers_come_from_the_environment(
    web: Site,
    draft: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A page that wants a token gets it, and nothing prints it."""
    monkeypatch.setenv("BYTEHOUSE_UPSTREAM_HEADERS", "Authorization: Bearer s3cret\nX-A: b:c")
    web.served = FORMS["plain JSON"](draft)
    assert command.main([web.url(PAGE), "--no-redocly"]) == 0
    ((_, headers),) = web.asked
    assert (headers["authorization"], headers["x-a"]) == ("Bearer s3cret", "b:c")
    assert "s3cret" not in "".join(capsys.readouterr())
