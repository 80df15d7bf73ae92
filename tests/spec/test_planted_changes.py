"""The comparison with the docs, and the rules, report changes that are planted one by one."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from tests.spec import rules
from tests.spec.comparison import comparisons, differences
from tests.spec.draft import Draft, move_last_first, original, rename
from tests.spec.view import ROOT, Node, load, target
from tests.support.cases import cases

FACTS = load(ROOT / "tests" / "spec" / "docs_facts.yaml")
FILES = "source.properties.fileNames"
INFERRED = {"x-evidence": "inferred"}


def lead_elsewhere(draft: Draft, operation: str, field: str) -> None:
    """Let a field lead to a component of another name with the same content."""
    draft.spec["components"]["schemas"]["Other"] = draft.field(operation, field)
    draft.body(operation)["properties"][field] = {"$ref": "#/components/schemas/Other"}


def rename_nested(draft: Draft, operation: str, old: str, new: str) -> None:
    """Rename a key of the entries of a list."""
    entry = target(draft.spec, draft.answered(operation, "data")["items"])
    rename(entry["properties"], old, new)


pytestmark = pytest.mark.slow  # it tests the tests of the specification

# What is planted, and the comparison that has to report it.
CHANGES: list[tuple[str, Callable[[Draft], object]]] = [
    ("title", lambda d: d.spec["info"].update(title="Another API")),
    ("version", lambda d: d.spec["info"].update(version="1.0.1")),
    ("number of operations", lambda d: d.spec["paths"].popitem()),
    ("presence", lambda d: d.spec["paths"].popitem()),
    ("order of operations", lambda d: move_last_first(d.spec["paths"])),
    ("title", lambda d: d.node("get_account_status").update(summary="Account status")),
    ("tag", lambda d: d.node("get_cluster_status").update(tags=["Databases"])),
    ("authorization", lambda d: d.node("list_roles").update(security=[])),
    ("authorization", lambda d: d.spec.update(security=[])),
    (
        "authorization",
        lambda d: d.spec["components"]["securitySchemes"]["BearerAuth"].update(scheme="basic"),
    ),
    ("parameter", lambda d: d.node("list_tables")["parameters"].pop(0)),
    ("parameter", lambda d: d.parameter("submit_sync_query", "X-QuerySession-ID").update(name="X")),
    ("parameter", lambda d: d.parameter("list_assignments", "UserID").update({"in": "header"})),
    (
        "undocumented parameter",
        lambda d: d.node("get_account_status").update(
            parameters=d.node("list_roles")["parameters"]
        ),
    ),
    ("required", lambda d: d.parameter("list_permissions", "RoleName").pop("required")),
    ("required", lambda d: d.body("create_table")["required"].remove("columns")),
    ("required", lambda d: d.body("get_query_lineage").update(required=["query"])),
    ("evidence", lambda d: d.parameter("list_roles", "X-User-ActiveRole").update(INFERRED)),
    ("evidence", lambda d: d.body("create_database").update(INFERRED)),
    ("type", lambda d: d.parameter("get_connection", "id")["schema"].update(type="string")),
    ("type", lambda d: d.field("update_warehouse", "configID").update(type="integer")),
    (
        "type of items",
        lambda d: d.field("update_table", "dropColumns")["items"].update(type="integer"),
    ),
    ("format", lambda d: d.parameter("get_execution", "id")["schema"].pop("format")),
    (
        "format",
        lambda d: d.parameter("get_storage_usage", "endTime")["schema"].update(format="date"),
    ),
    ("name of schema", lambda d: lead_elsewhere(d, "create_warehouse", "name")),
    ("enum", lambda d: d.field("create_connection", "type")["enum"].remove("TOS")),
    ("enum", lambda d: d.field("set_api_key_status", "status").pop("enum")),
    ("enum", lambda d: d.parameter("get_kafka_history", "period")["schema"].update(enum=["1h"])),
    ("default", lambda d: d.field("create_warehouse", "autoResume").pop("default")),
    ("default", lambda d: d.field("update_warehouse", "status").update(default="up")),
    ("default", lambda d: d.parameter("list_warehouses", "limit")["schema"].update(default=100)),
    ("example", lambda d: d.parameter("get_warehouse", "name").update(example="vw")),
    ("example", lambda d: d.field("create_table", "columns")["example"].pop()),
    ("example", lambda d: d.field("grant_permission", "ActionName").update(example="SELECT")),
    ("limits", lambda d: d.parameter("list_databases", "offset")["schema"].pop("minimum")),
    ("limits", lambda d: d.parameter("list_databases", "limit")["schema"].update(maximum=100)),
    ("limits", lambda d: d.parameter("list_warehouses", "limit")["schema"].pop("x-capped-at")),
    ("limits", lambda d: d.field("create_connection", "name").update(maxLength=127)),
    ("limits", lambda d: d.field("create_warehouse", "name").update(minLength=0)),
    ("limits", lambda d: d.field("create_warehouse", "name").update(pattern="^[a-z][a-z0-9_]*$")),
    ("limits", lambda d: d.field("create_warehouse", "configID").pop("exclusiveMinimum")),
    ("limits", lambda d: d.field("create_table", "columns").update(minItems=1)),
    ("value", lambda d: d.field("create_warehouse", "status").update(description="Its state.")),
    ("statement in prose", lambda d: d.node("create_api_key").update(description="Makes a key.")),
    (
        "statement in prose",
        lambda d: d.field("submit_sync_query", "maxRowsReturn").update(description="Rows."),
    ),
    ("request body", lambda d: d.node("delete_partitions").pop("requestBody")),
    (
        "request body",
        lambda d: d.node("delete_table").update(requestBody=d.node("assign_role")["requestBody"]),
    ),
    ("body field", lambda d: d.body("unassign_role")["properties"].pop("RoleName")),
    ("body field", lambda d: rename(d.body("start_import_job")["properties"], FILES, "fileNames")),
    (
        "undocumented body field",
        lambda d: d.body("rename_import_job")["properties"].update(force={"type": "boolean"}),
    ),
    ("body is open", lambda d: d.body("start_import_job").update(additionalProperties=False)),
    ("answer", lambda d: d.node("list_dialects")["responses"].pop("200")),
    ("answer's key", lambda d: rename(d.answer("list_databases"), "meta", "page")),
    ("answer's key", lambda d: d.answer("get_warehouse").pop("lastModifiedAt")),
    ("kind", lambda d: d.answered("list_connections", "data").update(type="object")),
    ("kind", lambda d: d.answered("list_roles", "data").update(type=["object", "null"])),
    ("evidence", lambda d: d.answer("create_warehouse")["vwID"].update(INFERRED)),
    ("sample", lambda d: d.answered("delete_partitions", "data").update(example="Failed")),
    ("sample", lambda d: d.answered("get_warehouse", "autoSuspend").pop("example")),
    (
        "undocumented key of the answer",
        lambda d: d.answer("get_warehouse").update(credits={"type": "number"}),
    ),
    (
        "nested key",
        lambda d: rename_nested(d, "list_databases", "createdBy", "owner"),
    ),
]

# What is planted, and the rule that has to report it.
BREACHES: list[tuple[Callable[[Node], Iterator[str]], Callable[[Draft], object]]] = [
    (rules.marks_are_known, lambda d: d.node("get_table").pop("x-evidence")),
    (rules.marks_are_known, lambda d: d.item("list_databases").pop("x-evidence")),
    (rules.marks_are_known, lambda d: d.node("create_table").update({"x-retry": "sometimes"})),
    (rules.marks_are_known, lambda d: d.node("list_tables").update({"x-pagination": "page"})),
    (
        rules.marks_in_components_are_known,
        lambda d: d.parameter("list_roles", "X-User-ActiveRole").update({"x-evidence": "guessed"}),
    ),
    (
        rules.routes_are_documented_as_far_as_they_are_known,
        lambda d: d.node("submit_sync_query").update(INFERRED),
    ),
    (
        rules.routes_are_documented_as_far_as_they_are_known,
        lambda d: d.item("submit_sync_query").update(INFERRED),
    ),
    (
        rules.routes_are_documented_as_far_as_they_are_known,
        lambda d: d.claim("abort_sync_query"),
    ),
    (
        rules.reads_are_marked_read,
        lambda d: d.spec["paths"].update({"/x": {"get": d.node("create_database")}}),
    ),
    (rules.pagination_fits_the_parameters, lambda d: d.node("list_executions").pop("x-pagination")),
    (
        rules.pagination_fits_the_parameters,
        lambda d: d.node("list_warehouses").update({"x-pagination": "cursor"}),
    ),
    (
        rules.objects_are_named,
        lambda d: d.body("create_table")["properties"].update(ttl={"type": "object"}),
    ),
    (
        rules.objects_are_named,
        lambda d: d.field("create_table", "columns").update(items={"properties": {}}),
    ),
    (
        rules.objects_are_named,
        lambda d: d.field("create_table", "columns").update(
            items={"anyOf": [{"type": "object"}, {"type": "null"}]}
        ),
    ),
    (
        rules.objects_are_named,
        lambda d: d.node("create_table")["requestBody"]["content"]["application/json"].update(
            schema={"type": "object"}
        ),
    ),
    (rules.everything_is_described, lambda d: d.node("get_table").pop("description")),
    (rules.everything_is_described, lambda d: d.body("create_table").pop("description")),
    (rules.everything_is_described, lambda d: d.field("create_table", "name").pop("description")),
    (
        rules.everything_is_described,
        lambda d: d.parameter("get_table", "db_name").pop("description"),
    ),
    (rules.everything_is_described, lambda d: d.spec["tags"][0].pop("description")),
    (rules.errors_are_described_once, lambda d: d.node("get_table")["responses"].pop("default")),
    (
        rules.errors_are_described_once,
        lambda d: d.node("get_table")["responses"].update({"404": {"description": "Not there."}}),
    ),
    (rules.tags_are_declared_in_order, lambda d: d.spec["tags"].reverse()),
    (
        rules.references_lead_somewhere_and_components_are_used,
        lambda d: d.spec["components"]["schemas"].pop("Column"),
    ),
    (
        rules.references_lead_somewhere_and_components_are_used,
        lambda d: d.spec["components"]["schemas"].update(Unused={"type": "string"}),
    ),
    (
        rules.what_no_document_shows_is_marked_inferred,
        lambda d: d.schema("Column")["properties"].update(codec={"type": "string"}),
    ),
    (
        rules.what_no_document_shows_is_marked_inferred,
        lambda d: d.schema("TableTtl").pop("x-evidence"),
    ),
    (
        rules.what_no_document_shows_is_marked_inferred,
        lambda d: d.answer("list_roles").update(roles={"type": "array", "items": {}}),
    ),
]


@cases(("what", "change"), CHANGES)
def test_a_changed_specification_is_reported(what: str, change: Callable[[Draft], object]) -> None:
    """A change of the specification makes the comparison fail that is there to see it."""
    draft = Draft()
    change(draft)
    new = set(differences(FACTS, draft.spec)) - known()
    assert [difference for difference in new if f": {what}\n" in difference]


@cache
def known() -> set[str]:
    """Return the differences without any change."""
    return set(differences(FACTS, original()))


def test_every_kind_of_comparison_was_seen_to_fail() -> None:
    """There is a planted change for each kind of comparison."""
    kinds = {comparison.what for comparison in comparisons(FACTS, original())}
    assert kinds - {what for what, _ in CHANGES} == set()


@pytest.mark.parametrize("number", [fact["number"] for fact in FACTS["operations"]])
def test_a_changed_fact_is_reported(number: int) -> None:
    """No fact stands in the table without being compared: change any one, and it shows."""
    fact = FACTS["operations"][number - 1]
    before = differences({**FACTS, "operations": [fact]}, original())
    unseen = [
        where
        for where, changed in spoilt(fact)
        if differences({**FACTS, "operations": [changed]}, original()) == before
    ]
    assert unseen == []


def spoilt(fact: Node) -> Iterator[tuple[str, Node]]:
    """Change each value of a fact in turn, at whatever depth."""
    for path in leaves(fact, ()):
        # The number only names the fact, and the mark of a choice is on or off, whatever it says.
        if path[0] not in {"number", "body_variants"}:
            changed: Any = copy.deepcopy(fact)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            value = holder[path[-1]]
            holder[path[-1]] = not value if isinstance(value, bool) else "~"
            yield ".".join(map(str, path)), changed


def leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Give the place of each single value."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    else:
        yield path


@cases(("rule", "change"), BREACHES)
def test_a_broken_rule_is_reported(
    rule: Callable[[Node], Iterator[str]], change: Callable[[Draft], object]
) -> None:
    """A part that breaks a rule is reported by that rule, which had nothing to report before."""
    assert list(rule(original())) == []
    draft = Draft()
    change(draft)
    assert list(rule(draft.spec)) != []


def test_every_rule_was_seen_to_be_broken() -> None:
    """There is a planted breach of each rule."""
    assert set(rules.RULES) == {rule for rule, _ in BREACHES}
