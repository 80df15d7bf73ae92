"""Upstreams that are awkward to take over, and what adopting does with each: the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bytehouse_openapi import target
from bytehouse_raw.operations import ROLE_HEADER
from tests.openapi.planted import (
    Spec,
    dict_of,
    operation,
    route,
    schema,
    with_other_envelope,
    with_other_role_header,
    without_role_header,
)

ADOPTED = "adopted"


@dataclass(frozen=True)
class Awkward:
    """An awkward upstream, and what adopting does: `ADOPTED`, or a part of what it prints."""

    name: str
    make: Callable[[Spec], object]
    done: str = ADOPTED
    operation: str = ""
    """The operation that it is about; empty if it is about all."""
    alone: bool = False
    """Whether it changes so much that it is adopted without the others."""


TEXT = {"type": "string"}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}
LINE = {"type": "object", "properties": {"from": TEXT, "kind": TEXT}}


def response_of(spec: Spec, name: str) -> Spec:
    """Return the response of an operation, as a copy of its own."""
    node = operation(spec, name)["responses"]["200"]["content"]["application/json"]
    node["schema"] = dict(target(spec, node["schema"]))
    node["schema"]["properties"] = dict(node["schema"].get("properties", {}))
    return dict_of(node["schema"])


def field(name: str, value: Any, key: str = "extra") -> Callable[[Spec], object]:
    """Add a field to the response of an operation."""
    return lambda spec: response_of(spec, name)["properties"].update({key: value})


def fields(name: str, **values: Any) -> Callable[[Spec], object]:
    """Add fields to the response of an operation."""
    return lambda spec: response_of(spec, name)["properties"].update(values)


def body(name: str, content: Spec) -> Callable[[Spec], object]:
    """Give an operation another body."""
    return lambda spec: operation(spec, name).update(requestBody={"content": content})


def responds(name: str, response: Spec) -> Callable[[Spec], object]:
    """Give an operation another response."""
    return lambda spec: operation(spec, name).update(responses={"200": response})


def _status(name: str, status: str) -> Callable[[Spec], object]:
    """Give the success of an operation another status, 204 without content."""

    def make(spec: Spec) -> None:
        responses = operation(spec, name)["responses"]
        found = responses.pop("200")
        responses[status] = {"description": ""} if status == "204" else found

    return make


def parameter(operation_id: str, **node: Any) -> Callable[[Spec], object]:
    """Add a parameter to an operation."""
    made = {"in": "query", **node}
    return lambda spec: operation(spec, operation_id).setdefault("parameters", []).append(made)


def named(spec: Spec, **schemas: Any) -> None:
    """Add named schemas."""
    spec["components"]["schemas"].update(schemas)


def _referring(name: str, value: Any, **schemas: Any) -> Callable[[Spec], object]:
    def make(spec: Spec) -> None:
        named(spec, **schemas)
        field(name, value)(spec)

    return make


def _ref(name: str) -> Spec:
    return {"$ref": f"#/components/schemas/{name}"}


_SHAPES = {"Point": POINT, "Line": LINE}
_CHOICE = [_ref("Point"), _ref("Line")]


def _same_ids(spec: Spec) -> None:
    for name in ("list_roles", "get_import_job_start_arguments"):
        operation(spec, name)["operationId"] = "roles"


def _odd_id(spec: Spec) -> None:
    operation(spec, "get_warehouse_usage")["operationId"] = "列出 用户/List Users!"


def _no_tag(spec: Spec) -> None:
    del operation(spec, "list_warehouses")["tags"]


def _path_server(spec: Spec) -> None:
    path, _ = route(spec, "list_connections")
    spec["paths"][path]["servers"] = [{"url": "https://h/loading"}]


def _collision(spec: Spec) -> None:
    """Give an operation the path of one that the upstream no longer has."""
    path, method = route(spec, "list_dialects")
    spec["paths"][path].pop(method)
    old, method = route(spec, "list_warehouse_configurations")
    spec["paths"][path][method] = spec["paths"][old].pop(method)


def _other_parameters(spec: Spec) -> None:
    """Give an operation a path with a parameter that no method can know."""
    path, method = route(spec, "get_storage_usage")
    spec["paths"][f"/accounts/{{accountId}}{path}"] = {method: spec["paths"][path].pop(method)}
    made = {"name": "accountId", "in": "path", "required": True, "schema": TEXT}
    operation(spec, "get_storage_usage").setdefault("parameters", []).append(made)


def _undescribed_path(spec: Spec) -> None:
    node = operation(spec, "get_database")
    node["parameters"] = [
        one for one in node["parameters"] if target(spec, one).get("in") != "path"
    ]


def _optional_path(spec: Spec) -> None:
    node = operation(spec, "list_tables_and_views")
    node["parameters"] = [
        {k: v for k, v in target(spec, one).items() if k != "required"}
        for one in node["parameters"]
    ]


def _role_of_all_but_one(spec: Spec) -> None:
    node = operation(spec, "list_dialects")
    node["parameters"] = [one for one in node["parameters"] if "ActiveRole" not in str(one)]


def _head(spec: Spec) -> None:
    path, method = route(spec, "get_query_lineage")
    spec["paths"][path]["head"] = spec["paths"][path].pop(method)


def _gateway(spec: Spec) -> None:
    """Give every path the answer to a browser's question, and no operation an id, title or tag."""
    for item in spec["paths"].values():
        for node in item.values():
            for key in ("operationId", "summary", "tags") if isinstance(node, dict) else ():
                node.pop(key, None)
        item["options"] = {"responses": {"200": {"description": ""}}}


def _default_alone(spec: Spec) -> None:
    for item in spec["paths"].values():
        for node in item.values():
            if isinstance(node, dict):
                node["responses"] = {"default": node["responses"]["200"]}


def _into_a_list(spec: Spec) -> None:
    """Refer to the schema of a parameter, which is in a list."""
    listed = operation(spec, "list_dialects")["parameters"]
    listed.append({"in": "query", "name": "kind", "schema": {"type": "string", "enum": ["a"]}})
    path, method = route(spec, "list_dialects")
    place = f"#/paths/{path.replace('/', '~1')}/{method}/parameters/{len(listed) - 1}/schema"
    field("list_permissions", {"$ref": place}, "kind")(spec)


def _typed_secret(spec: Spec) -> None:
    data = schema(spec, "ConnectionData")
    data.pop("x-secret")
    data["properties"] = {"endpoint": TEXT, "secret_access_key": TEXT, "more": LINE}


def _secret_by_other_name(spec: Spec) -> None:
    named(spec, Credentials={"type": "object", "properties": {"ak": TEXT, "sk": TEXT}})
    for name in ("Connection", "CreateConnectionRequest", "UpdateConnectionRequest"):
        schema(spec, name)["properties"]["data"] = _ref("Credentials")


def _secret_choice(spec: Spec) -> None:
    named(spec, **_SHAPES)
    for name in ("Connection", "CreateConnectionRequest", "UpdateConnectionRequest"):
        schema(spec, name)["properties"]["data"] = {"oneOf": _CHOICE}


def _secret_renamed(spec: Spec) -> None:
    properties = schema(spec, "CreatedApiKey")["properties"]
    properties["token"] = {"type": "string"}
    del properties["apiKey"]


def _servers(*urls: str) -> Callable[[Spec], object]:
    return lambda spec: spec.update(servers=[{"url": url} for url in urls])


def _all(change: Callable[[Spec], object]) -> Callable[[Spec], None]:
    """Change all operations."""

    def make(spec: Spec) -> None:
        for item in spec["paths"].values():
            for node in item.values():
                if isinstance(node, dict):
                    change(node)

    return make


def _renamed_schemas(spec: Spec) -> None:
    schemas = spec["components"]["schemas"]
    new = {name: f"bytehouse.api.v2.{name}DTO" for name in schemas}

    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(one) for one in node]
        if not isinstance(node, dict):
            return node
        made = {key: follow(one) for key, one in node.items()}
        start = "#/components/schemas/"
        if str(made.get("$ref", "")).startswith(start):
            made["$ref"] = start + new[made["$ref"].removeprefix(start)]
        return made

    changed = follow(dict(spec))
    changed["components"]["schemas"] = {
        new[name]: node for name, node in changed["components"]["schemas"].items()
    }
    spec.update(changed)


def _inlined(spec: Spec) -> None:
    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return follow(dict(target(spec, node)))
        return {key: follow(one) for key, one in node.items()}

    spec["paths"] = follow(spec["paths"])
    spec["components"] = {"securitySchemes": spec["components"]["securitySchemes"]}


JSON = "application/json"

AWKWARD = (
    # Schemas, each a new field of a response.
    Awkward("oneOf", _referring("get_database", {"oneOf": _CHOICE}, **_SHAPES)),
    Awkward(
        "oneOf with discriminator",
        _referring(
            "get_table",
            {
                "oneOf": _CHOICE,
                "discriminator": {"propertyName": "kind", "mapping": {"p": "Point"}},
            },
            **_SHAPES,
        ),
    ),
    Awkward("anyOf of inline objects", field("list_databases", {"anyOf": [POINT, LINE]})),
    Awkward("text or object", field("list_tables", {"anyOf": [TEXT, POINT]})),
    Awkward(
        "time or object",
        field("create_database", {"anyOf": [{"type": "string", "format": "date-time"}, POINT]}),
    ),
    Awkward("integer enum", field("create_table", {"type": "integer", "enum": [1, 2, 3]})),
    Awkward(
        "enum by case", field("get_account_status", {"type": "string", "enum": ["on", "ON", "On"]})
    ),
    Awkward(
        "enum by punctuation",
        field("list_roles", {"type": "string", "enum": ["a-b", "a_b", "a b", "a+b", "+", "-"]}),
    ),
    Awkward("enum of mixed types", field("list_assignments", {"enum": [1, "one", None]})),
    Awkward("enum of booleans", field("list_permissions", {"type": "boolean", "enum": [True]})),
    Awkward(
        "enum with empty, quote and digit",
        field("list_warehouses", {"type": "string", "enum": ["", '"', "\\", "1x", "class"]}),
    ),
    Awkward(
        "formats",
        fields(
            "get_warehouse",
            **{f: {"type": "string", "format": f} for f in ("date", "uuid", "byte", "binary")},
        ),
    ),
    Awkward("unknown format", field("get_connection", {"type": "string", "format": "go-duration"})),
    Awkward(
        "additionalProperties by reference",
        _referring(
            "list_connections",
            {"type": "object", "additionalProperties": _ref("Point")},
            Point=POINT,
        ),
    ),
    Awkward(
        "additionalProperties of lists",
        field(
            "create_connection",
            {"type": "object", "additionalProperties": {"type": "array", "items": POINT}},
        ),
    ),
    Awkward("array without items", field("get_import_job", {"type": "array"})),
    Awkward(
        "array with a list of items", field("list_import_jobs", {"type": "array", "items": [TEXT]})
    ),
    Awkward(
        "fields named like methods",
        fields("create_import_job", from_dict=TEXT, to_dict=TEXT, field=TEXT, raw_response=TEXT),
    ),
    Awkward(
        "fields of one Python name",
        fields("list_executions", **{"a-b": TEXT, "a_b": TEXT, "aB": TEXT}),
    ),
    Awkward(
        "fields that are keywords",
        fields("get_execution", **{"class": TEXT, "1st": TEXT, "x.y": TEXT}),
    ),
    Awkward(
        "allOf with nullable",
        _referring(
            "list_materialized_views", {"nullable": True, "allOf": [_ref("Point")]}, Point=POINT
        ),
    ),
    Awkward("allOf of two", _referring("get_cluster_status", {"allOf": _CHOICE}, **_SHAPES)),
    Awkward(
        "nested arrays",
        field(
            "get_materialized_view", {"type": "array", "items": {"type": "array", "items": POINT}}
        ),
    ),
    Awkward(
        "recursive",
        _referring(
            "list_tables_and_views",
            _ref("Tree"),
            Tree={"type": "object", "properties": {"of": {"type": "array", "items": _ref("Tree")}}},
        ),
    ),
    Awkward(
        "a parent that refers to its child",
        _referring(
            "get_query_statistics",
            _ref("Parent"),
            Parent={"type": "object", "properties": {"first": _ref("Child"), "x": TEXT}},
            Child={"allOf": [_ref("Parent"), {"properties": {"y": TEXT}}]},
        ),
    ),
    Awkward(
        "references in percent-encoding",
        _referring(
            "get_table",
            {"type": "array", "items": {"$ref": "#/components/schemas/Page%3CLine%3E"}},
            **{"Page<Line>": LINE},
        ),
    ),
    Awkward("a reference into a list", _into_a_list),
    Awkward(
        "enum with null, of nothing, and twice the same",
        fields(
            "list_warehouses",
            first={"type": "string", "nullable": True, "enum": [None, "a", "a"]},
            second={"enum": [None]},
            third={"type": ["string", "null"], "enum": []},
        ),
    ),
    Awkward("const", field("list_partitions", {"const": "x"})),
    Awkward(
        "object or text in one type", field("delete_dictionary", {"type": ["object", "string"]})
    ),
    Awkward(
        "keywords of JSON Schema",
        field("delete_table", {"type": "object", "patternProperties": {"^x": TEXT}, "not": POINT}),
    ),
    Awkward(
        "references in keywords that are no types",
        _referring(
            "list_api_keys",
            {"type": "object", "patternProperties": {"^x": _ref("Tree")}, "not": _ref("Tree")},
            Tree={"type": "object", "properties": {"of": {"type": "array", "items": _ref("Tree")}}},
        ),
    ),
    Awkward("a description that is no text", field("get_warehouse", {**TEXT, "description": 5})),
    Awkward(
        "default that is none",
        field(
            "extend_api_key_expiry", {"type": "string", "format": "date-time", "default": "soon"}
        ),
    ),
    Awkward("anything", field("list_api_keys", True, "anything")),
    Awkward(
        "required as in draft 3", field("set_api_key_status", {"type": "string", "required": True})
    ),
    Awkward(
        "names by case alone, and of Java",
        _referring(
            "get_storage_usage",
            {"type": "array", "items": _ref("page«X»")},
            **{"page«X»": {**POINT, "properties": {"in": _ref("POINT"), "at": _ref("point")}}},
            POINT=POINT,
            point=LINE,
        ),
    ),
    Awkward(
        "text that ends a docstring",
        field("delete_api_key", {"type": "string", "description": 'a """ b \\ c "'}),
    ),
    # Bodies.
    Awkward(
        "form body",
        body("update_connection", {"application/x-www-form-urlencoded": {"schema": POINT}}),
        "requestBody/content/application~1x-www-form-urlencoded/schema is left",
        "update_connection",
    ),
    Awkward(
        "multipart body",
        body("update_import_job", {"multipart/form-data": {"schema": POINT}}),
        "it is multipart/form-data; the client sends JSON",
        "update_import_job",
    ),
    Awkward(
        "body that is a list",
        body("assign_role", {JSON: {"schema": {"type": "array", "items": TEXT}}}),
        "it is array; the client sends one JSON object",
        "assign_role",
    ),
    Awkward(
        "body that is a choice",
        body("grant_permission", {JSON: {"schema": {"oneOf": [POINT, LINE]}}}),
        "it is a choice of schemas; the client sends one JSON object",
        "grant_permission",
    ),
    # Responses.
    Awkward(
        "response that is a list",
        responds(
            "list_import_job_executions",
            {"description": "", "content": {JSON: {"schema": {"type": "array"}}}},
        ),
        "it is array; the client reads one JSON object",
        "list_import_job_executions",
    ),
    Awkward(
        "response that is text",
        responds(
            "get_query_lineage", {"description": "", "content": {"text/csv": {"schema": TEXT}}}
        ),
        "it is text/csv; the client reads JSON",
        "get_query_lineage",
    ),
    Awkward(
        "no response content",
        responds("abort_sync_query", {"description": ""}),
        "the upstream names no content of the response",
        "abort_sync_query",
    ),
    Awkward(
        "response that says nothing",
        responds("get_query_statistics", {"description": "", "content": {JSON: {"schema": {}}}}),
        "the upstream says nothing of it",
        "get_query_statistics",
    ),
    Awkward("deletion without content", _status("delete_database", "204")),
    Awkward("creation that is 201", _status("create_table", "201")),
    Awkward(
        "list without content",
        _status("list_connections", "204"),
        "204 has no content, and ours has data",
        "list_connections",
    ),
    # Parameters.
    Awkward(
        "list as a parameter",
        parameter("list_databases", name="tags", schema={"type": "array", "items": TEXT}),
        "its value is no string, number or boolean",
        "list_databases",
    ),
    Awkward(
        "object as a parameter",
        parameter("list_tables", name="filter", style="deepObject", schema=POINT),
        "its value is no string, number or boolean",
        "list_tables",
    ),
    Awkward(
        "cookie",
        parameter("list_materialized_views", **{"name": "session", "in": "cookie", "schema": TEXT}),
        "the client sends no cookies",
        "list_materialized_views",
    ),
    Awkward(
        "parameters named like arguments",
        lambda s: [
            parameter("get_table", name=n, schema=TEXT)(s) for n in ("client", "body", "plan")
        ],
    ),
    Awkward(
        "parameter in content",
        parameter("get_connection", name="view", content={JSON: {"schema": TEXT}}),
    ),
    Awkward("parameter without a type", parameter("get_materialized_view", name="any", schema={})),
    Awkward(
        "parameter of integers",
        parameter("get_account_status", name="n", schema={"type": "integer", "enum": [1]}),
    ),
    # References that lead to nothing.
    Awkward("a schema in another file", field("get_cluster_status", {"$ref": "a.yaml#/A"}, "more")),
    Awkward(
        "a response that is not there",
        responds("get_warehouse_usage", {"$ref": "#/components/responses/Gone"}),
        "a reference in it leads to nothing",
        "get_warehouse_usage",
    ),
    Awkward(
        "a parameter in another file",
        lambda spec: operation(spec, "list_assignments")["parameters"].append({"$ref": "p.yaml"}),
        "a reference in it leads to nothing",
        "list_assignments",
    ),
    # Operations.
    Awkward("an id of any spelling", _odd_id),
    Awkward("an id twice", _same_ids),
    Awkward("an operation without a tag", _no_tag),
    Awkward("a server of a path", _path_server),
    Awkward("a method that is not sent", _head, "the client cannot send HEAD", "get_query_lineage"),
    Awkward(
        "a path that another has",
        _collision,
        "another operation has GET",
        "list_warehouse_configurations",
    ),
    Awkward(
        "a path with another parameter",
        _other_parameters,
        "the methods fill no parameter, and /accounts/{accountId}",
        "get_storage_usage",
    ),
    Awkward(
        "a path parameter that is not described",
        _undescribed_path,
        "the upstream has {db_name} in the path, and does not describe it",
        "get_database",
    ),
    Awkward("an optional path parameter", _optional_path),
    Awkward(
        "a role header that one operation lacks",
        _role_of_all_but_one,
        "the upstream has no such header; the role is still sent in it (list_dialects)",
        alone=True,
    ),
    # Secrets.
    Awkward("a secret object with named fields", _typed_secret),
    Awkward("a secret under another name", _secret_by_other_name, alone=True),
    Awkward(
        "a secret that is a choice",
        _secret_choice,
        "the client imports ConnectionData, which would be no class any more",
        alone=True,
    ),
    Awkward(
        "a secret that is gone",
        _secret_renamed,
        "the upstream has no apiKey, and its mark of a secret would be lost",
        "create_api_key",
    ),
    # The whole document.
    Awkward("no ids", _all(lambda node: node.pop("operationId")), alone=True),
    Awkward("no tags", _all(lambda node: node.pop("tags")), alone=True),
    Awkward("a gateway's export", _gateway, alone=True),
    Awkward("successes under default", _default_alone, alone=True),
    Awkward("several servers", _servers("https://h/v2", "http://localhost"), alone=True),
    Awkward("variables of a server", _servers("{scheme}://{host}/{basePath}"), alone=True),
    Awkward("other schema names", _renamed_schemas, alone=True),
    Awkward("no named schemas", _inlined, alone=True),
    Awkward(
        "another key of the envelope", with_other_envelope, "data is called result now", alone=True
    ),
    Awkward(
        "another role header", with_other_role_header, f"{ROLE_HEADER} is called X-Role", alone=True
    ),
    Awkward("no role header", without_role_header, "the upstream has no such header", alone=True),
)
