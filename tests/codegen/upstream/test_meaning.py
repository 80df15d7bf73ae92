"""What changes for callers although messages keep their layout is told, and not adopted blindly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bytehouse_openapi import Document, SpecOperation, Upstream, operations, read, target
from bytehouse_raw.operations import DATA_KEY, ROLE_HEADER
from codegen.upstream import drift
from codegen.upstream.adoptable import envelope_keys
from codegen.upstream.adoption import adopted
from codegen.upstream.causes import Change
from codegen.upstream.meaning import changed_safety
from codegen.upstream.methods import Method
from codegen.upstream.render import FORMATS
from tests.openapi.planted import (
    OTHER_DATA_KEY,
    OTHER_ROLE_HEADER,
    by_cursor,
    drop_parameter,
    every_operation,
    move,
    operation,
    query,
    rename,
    rename_schema,
    schema,
    with_other_envelope,
    with_other_role_header,
    without_role_header,
)

Methods = dict[str, list[Method]]
Spec = dict[str, Any]
SCREEN = 24


def with_prefix(spec: Spec) -> None:
    """Serve everything under another prefix."""
    spec["paths"] = {f"/v3{path}": item for path, item in spec["paths"].items()}


def with_other_schema_names(spec: Spec) -> None:
    """Give every schema another name."""
    for name in list(spec["components"]["schemas"]):
        rename_schema(spec, name, f"Api{name}Dto")


def with_tenant(spec: Spec) -> None:
    """Require a header of every call."""
    header = {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}}
    for node in every_operation(spec):
        node.setdefault("parameters", []).append(header)


def with_key(spec: Spec) -> None:
    """Accept a key in a header instead of the bearer token."""
    key = {"type": "apiKey", "in": "header", "name": "X-Key"}
    spec["components"]["securitySchemes"]["Key"] = key
    spec["security"] = [{"Key": []}]


def with_paging(spec: Spec) -> None:
    """Page a list that was whole."""
    operation(spec, "list_roles")["parameters"] += [query("offset"), query("limit")]


def with_a_second_version(draft: Spec) -> None:
    """Add each operation once more, under another path and id."""
    for path, item in list(draft["paths"].items()):
        draft["paths"][f"/v2{path}"] = {
            method: {
                **{key: value for key, value in node.items() if key != "x-upstream"},
                "operationId": f"{node['operationId']}_v2",
            }
            for method, node in item.items()
            if isinstance(node, dict)
        }


def without_a_key(spec: Spec) -> None:
    """Require no key."""
    spec["security"] = []


def with_a_limit(spec: Spec) -> None:
    """Limit the length of a name that is sent."""
    schema(spec, "CreateDatabaseRequest")["properties"]["name"]["maxLength"] = 5


def with_a_format(spec: Spec) -> None:
    """Give a name that is received a format, which Python has no type for."""
    schema(spec, "Role")["properties"]["name"]["format"] = "hostname"


def with_a_read_only_field(spec: Spec) -> None:
    """Add to a response, and to the body that has the same properties, what only responses have."""
    uid = {"type": "string", "readOnly": True}
    schema(spec, "Database")["properties"]["uid"] = uid
    body = schema(spec, "CreateDatabaseRequest")
    body["properties"]["uid"] = uid
    body["required"] = [*body["required"], "uid"]


LINES: list[tuple[Callable[[Spec], object], str, str]] = [
    (with_prefix, "breaking", "{operations} paths: path, / → /v3"),
    (
        with_other_schema_names,
        "compatible",
        "{schemas} schemas: model renamed, MessageResponse → ",
    ),
    (with_other_envelope, "breaking", f"property renamed, {DATA_KEY} → {OTHER_DATA_KEY}"),
    (with_tenant, "breaking", "header parameter X-Tenant: parameter added, "),
    (
        with_other_role_header,
        "breaking",
        f"header parameter {ROLE_HEADER}: parameter renamed, {ROLE_HEADER} → {OTHER_ROLE_HEADER}",
    ),
    (without_role_header, "breaking", f"header parameter {ROLE_HEADER}: parameter removed, "),
    (by_cursor, "breaking", "paging, offset → cursor"),
    (
        with_a_second_version,
        "compatible",
        "{operations} operations: operation added, POST /v2/v1/metadata/subscription, ",
    ),
    (with_key, "breaking", 'security, ["http bearer"] → ["header X-Key"]'),
    (without_a_key, "compatible", 'security, ["http bearer"] → none'),
]
SINGLE: list[tuple[Callable[[Spec], object], str, str]] = [
    (with_a_limit, "breaking", "CreateDatabaseRequest.name: maxLength, none → 5\n"),
    (with_a_format, "compatible", "Role.name: format, none → hostname\n"),
    (with_a_read_only_field, "compatible", 'Database.uid: property added, {"type": "string"}\n'),
]


def compared(ours: Document, theirs: Spec, methods: Methods) -> drift.Report:
    """Compare two documents."""
    return drift.compare(ours, Upstream(theirs, "u", "", "3.1.0"), methods, ask_redocly=False)


@pytest.mark.parametrize("case", LINES, ids=[change.__name__ for change, _, _ in LINES])
def test_one_cause_is_one_line(
    case: tuple[Callable[[Spec], object], str, str],
    vendored: Document,
    draft: Spec,
    known_methods: Methods,
) -> None:
    """What has one cause is told once, with before and after, and all fits on a screen."""
    change, impact, line = case
    change(draft)
    report = compared(vendored, draft, known_methods)
    assert report.verdict == impact
    [only] = report.changes
    text = FORMATS["terminal"](report)
    schemas = vendored["components"]["schemas"]
    assert line.format(operations=len(operations(vendored)), schemas=len(schemas)) in text
    assert len(text.splitlines()) <= SCREEN
    assert len(only.operations) > 1


def test_a_tag_that_is_missing_and_a_further_key_break_nothing(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """No tag is no drift; another way to authenticate, or none at all, is compatible."""
    for node in every_operation(draft):
        node["tags"] = []
    assert compared(vendored, draft, known_methods).verdict == "none"
    bearer = draft["security"]
    with_key(draft)
    draft["security"] = [*bearer, *draft["security"]]
    assert compared(vendored, draft, known_methods).verdict == "compatible"
    draft["security"] = []
    assert compared(vendored, draft, known_methods).verdict == "compatible"


def test_a_list_that_begins_to_be_paged_is_told(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """The client would take its first page for all of it."""
    with_paging(draft)
    told = {c.kind: c for c in compared(vendored, draft, known_methods).changes}
    assert (told["paging"].before, told["paging"].after) == ("none", "offset")
    assert told["paging"].methods == ["bh.roles.list"]


def test_of_many_changes_of_a_kind_the_first_are_shown(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """Terminal and Markdown say how many more there are; JSON has them all."""
    for node in draft["components"]["schemas"].values():
        for number, name in enumerate(list(node.get("properties", {}))):
            rename(node["properties"], name, f"{name}{number}x")
    report = compared(vendored, draft, known_methods)
    assert len(report.changes) > 50
    for form in ("terminal", "markdown"):
        text = FORMATS[form](report).partition("<details>")[0]
        assert len(text.splitlines()) < 100
        assert " more" in text
        assert "--format=json" in text


def test_people_read_the_methods_that_they_call(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """`bh.query` and `bh.insert`, not what they are made of."""
    node = operation(draft, "submit_sync_query")
    node["parameters"] = [*node.get("parameters", []), query("cluster", required=True)]
    text = FORMATS["terminal"](compared(vendored, draft, known_methods))
    assert "bh.insert, bh.ping, bh.query" in text
    assert "QueryResponses" not in text


def adopt(root: Path, ours: Document, theirs: Spec, directory: Path) -> Document:
    """Return openapi.yaml after an adoption, read again."""
    text = (root / "openapi.yaml").read_text("utf-8")
    file = directory / "openapi.yaml"
    file.write_text(adopted(text, ours, Upstream(theirs, "u", "", "3.1.0")).text, "utf-8")
    return read(str(file)).document


def of(document: Document, name: str) -> SpecOperation:
    """Return an operation of a document."""
    return next(found for found in operations(document) if found.id == name)


def taken(document: Document, name: str) -> dict[str, bool]:
    """Return the parameters of an operation, and whether each is required."""
    return {p["name"]: p.get("required") is True for p in of(document, name).parameters}


def test_what_would_be_lost_in_silence_is_left_to_a_person(
    root: Path, tmp_path: Path, vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """The role header is followed, paging stays, what is newly required is optional; the rest is
    taken over, and what was left shows as a difference again.
    """
    with_other_role_header(draft)
    by_cursor(draft)
    with_tenant(draft)
    created = schema(draft, "CreateDatabaseRequest")
    created["properties"]["owner"] = {"type": "string"}
    created["required"] = [*created.get("required", ()), "owner", "description"]
    after = adopt(root, vendored, draft, tmp_path)

    assert taken(after, "list_databases") == {
        **dict.fromkeys(
            ("filter", "offset", "limit", OTHER_ROLE_HEADER, "cursor", "X-Tenant"), False
        )
    }
    assert of(after, "list_databases").node["x-pagination"] == "offset"
    assert all(ROLE_HEADER not in taken(after, found.id) for found in operations(after))
    body = schema(dict(after), "CreateDatabaseRequest")
    assert "owner" in body["properties"]
    assert body["required"] == schema(dict(vendored), "CreateDatabaseRequest")["required"]
    shared = after["components"]["parameters"]
    assert [shared["ActiveRole"]["name"], shared["XTenant"]["name"]] == [
        OTHER_ROLE_HEADER,
        "X-Tenant",
    ]
    inline = [p for node in every_operation(dict(after)) for p in node["parameters"] if "in" in p]
    names = [parameter["name"] for parameter in inline]
    assert len(set(names)) == len(names)  # what operations share is a component

    left = compared(after, draft, known_methods).changes
    assert sorted((change.kind, change.subject) for change in left) == [
        ("paging", "paging"),
        ("required", "CreateDatabaseRequest.description"),
        ("required", "CreateDatabaseRequest.owner"),
        ("required", "header parameter X-Tenant"),
    ]


def test_a_role_header_that_is_gone_stays(
    root: Path, tmp_path: Path, vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """Calls go on to send the role, and that the service knows none is told each time."""
    without_role_header(draft)
    after = adopt(root, vendored, draft, tmp_path)
    assert ROLE_HEADER in taken(after, "list_databases")
    [left] = compared(after, draft, known_methods).changes
    assert (left.kind, left.impact) == ("parameter removed", "breaking")


def test_a_changed_safety_is_left_to_a_person(vendored: Document, draft: Spec) -> None:
    """A read that is no GET any more is named with its x-retry, which stays; others are not."""
    move(draft, "list_roles", method=True)
    move(draft, "update_connection", method=True)
    both = drift.sides(vendored, Upstream(draft, "u", "", "3.1.0"))
    [line] = changed_safety(both.ours, both.theirs)
    assert line.startswith("safety, GET → PATCH (list_roles): x-retry stays 'read'")


def test_a_parameter_gone_from_one_list_is_its_paging(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """A list that lost its cursor names what it still takes."""
    drop_parameter(draft, "list_import_jobs", "/Cursor")
    [change] = compared(vendored, draft, known_methods).changes
    assert isinstance(change, Change)
    assert (change.kind, change.before, change.after) == ("paging", "cursor", "limit")


@pytest.mark.parametrize("case", SINGLE, ids=[change.__name__ for change, _, _ in SINGLE])
def test_a_change_says_what_was_and_what_is(
    case: tuple[Callable[[Spec], object], str, str],
    vendored: Document,
    draft: Spec,
    known_methods: Methods,
) -> None:
    """Also where there was nothing before, and it is told for the messages that have it alone."""
    change, impact, line = case
    change(draft)
    report = compared(vendored, draft, known_methods)
    assert report.verdict == impact
    assert len(report.changes) == 1
    assert line in FORMATS["terminal"](report)


def test_an_object_around_a_response_is_no_new_name_of_a_part(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """What might be another name of several is that of none, in drift as in adoption."""
    text = {"type": "string"}
    for node in every_operation(draft):
        response = target(draft, node["responses"]["200"])
        inner = response["content"]["application/json"]["schema"]
        wrapped = {"type": "object", "properties": {"code": text, "note": text, "result": inner}}
        content = {"application/json": {"schema": wrapped}}
        node["responses"]["200"] = {"description": "", "content": content}
    both = drift.sides(vendored, Upstream(draft, "u", "", "3.1.0"))
    assert envelope_keys(both) == {}
    kinds = {change.kind for change in compared(vendored, draft, known_methods).changes}
    assert "property renamed" not in kinds


def test_a_field_that_is_spelled_otherwise_is_renamed(
    vendored: Document, draft: Spec, known_methods: Methods
) -> None:
    """It is one field, also where it is described more closely than before."""
    properties = schema(draft, "OffsetMeta")["properties"]
    properties["TOTAL"] = {**properties.pop("total"), "maximum": 10}
    kinds = {change.kind for change in compared(vendored, draft, known_methods).changes}
    assert kinds == {"property renamed", "maximum"}
