"""Upstreams that are awkward to take over, and what adopting does with each: the table."""

from collections.abc import Callable
from dataclasses import dataclass

from bytehouse_raw.operations import DATA_KEY, ROLE_HEADER
from tests.codegen.upstream.changes import (
    CHOICE,
    LINE,
    POINT,
    SECRET,
    SHAPES,
    TEXT,
    body,
    collision,
    default_alone,
    every,
    field,
    fields,
    gateway,
    head,
    inlined,
    into_a_list,
    no_tag,
    odd_id,
    optional_path,
    other_parameters,
    parameter,
    path_server,
    read_only,
    ref,
    referring,
    renamed_schemas,
    responds,
    role_of_all_but_one,
    same_ids,
    secret_by_other_name,
    secret_choice,
    secret_renamed,
    secret_respelled,
    servers,
    typed_secret,
    undescribed_path,
    with_status,
)
from tests.openapi.planted import (
    OTHER_DATA_KEY,
    OTHER_ROLE_HEADER,
    Spec,
    operation,
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


JSON = "application/json"

AWKWARD = (
    # Schemas, each a new field of a response.
    Awkward("oneOf", referring("get_database", {"oneOf": CHOICE}, **SHAPES)),
    Awkward(
        "oneOf with discriminator",
        referring(
            "get_table",
            {
                "oneOf": CHOICE,
                "discriminator": {"propertyName": "kind", "mapping": {"p": "Point"}},
            },
            **SHAPES,
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
        referring(
            "list_connections",
            {"type": "object", "additionalProperties": ref("Point")},
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
        referring(
            "list_materialized_views", {"nullable": True, "allOf": [ref("Point")]}, Point=POINT
        ),
    ),
    Awkward("allOf of two", referring("get_cluster_status", {"allOf": CHOICE}, **SHAPES)),
    Awkward(
        "nested arrays",
        field(
            "get_materialized_view", {"type": "array", "items": {"type": "array", "items": POINT}}
        ),
    ),
    Awkward(
        "recursive",
        referring(
            "list_tables_and_views",
            ref("Tree"),
            Tree={"type": "object", "properties": {"of": {"type": "array", "items": ref("Tree")}}},
        ),
    ),
    Awkward(
        "a parent that refers to its child",
        referring(
            "get_query_statistics",
            ref("Parent"),
            Parent={"type": "object", "properties": {"first": ref("Child"), "x": TEXT}},
            Child={"allOf": [ref("Parent"), {"properties": {"y": TEXT}}]},
        ),
    ),
    Awkward(
        "references in percent-encoding",
        referring(
            "get_table",
            {"type": "array", "items": {"$ref": "#/components/schemas/Page%3CLine%3E"}},
            **{"Page<Line>": LINE},
        ),
    ),
    Awkward("a reference into a list", into_a_list),
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
        referring(
            "list_api_keys",
            {"type": "object", "patternProperties": {"^x": ref("Tree")}, "not": ref("Tree")},
            Tree={"type": "object", "properties": {"of": {"type": "array", "items": ref("Tree")}}},
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
        referring(
            "get_storage_usage",
            {"type": "array", "items": ref("page«X»")},
            **{"page«X»": {**POINT, "properties": {"in": ref("POINT"), "at": ref("point")}}},
            POINT=POINT,
            point=LINE,
        ),
    ),
    Awkward(
        "names that Python or the modules have",
        referring(
            "list_dialects",
            {"type": "array", "items": ref("Any")},
            Any={"type": "object", "properties": {"a": ref("None"), "b": ref("Model")}},
            **{"None": {"type": "object", "properties": {"y": ref("Exception")}}},
            Model={"type": "object", "properties": {"z": ref("Response")}},
            Exception=LINE,
            Response={"type": "object", "properties": {"enum": {"enum": ["a"]}}},
        ),
    ),
    Awkward(
        "secrets without a field",
        fields(
            "get_account_status",
            some={"type": "object", "patternProperties": {"^x": SECRET}},
            pair={"type": "array", "prefixItems": [TEXT, SECRET]},
        ),
    ),
    Awkward(
        "text that ends a docstring",
        field("delete_api_key", {"type": "string", "description": 'a """ b \\ c "'}),
    ),
    # Bodies.
    Awkward("a field that is read-only, and required", read_only),
    Awkward(
        "body that is lines of JSON",
        body("create_import_job", {"application/x-ndjson": {"schema": POINT}}),
        "it is application/x-ndjson; the client sends JSON",
        "create_import_job",
    ),
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
    Awkward("deletion without content", with_status("delete_database", "204")),
    Awkward("creation that is 201", with_status("create_table", "201")),
    Awkward(
        "list without content",
        with_status("list_connections", "204"),
        "204 has no content, and ours has ",
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
    Awkward(
        "parameters of one argument",
        lambda s: [parameter("list_roles", name=n, schema=TEXT)(s) for n in ("class", "class_")],
        "its argument would be class_, which is that of class",
        "list_roles",
    ),
    Awkward(
        "a parameter with the argument of a path's",
        parameter("get_connection", name="Id", schema=TEXT),
        "its argument would be id, which is that of id",
        "get_connection",
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
    Awkward("an id of any spelling", odd_id),
    Awkward("an id twice", same_ids),
    Awkward("an operation without a tag", no_tag),
    Awkward("a server of a path", path_server),
    Awkward("a method that is not sent", head, "the client cannot send HEAD", "get_query_lineage"),
    Awkward(
        "a path that another has",
        collision,
        "another operation has GET",
        "list_warehouse_configurations",
    ),
    Awkward(
        "a path with another parameter",
        other_parameters,
        "the methods fill no parameter, and /accounts/{accountId}",
        "get_storage_usage",
    ),
    Awkward(
        "a path parameter that is not described",
        undescribed_path,
        "the upstream has {db_name} in the path, and does not describe it",
        "get_database",
    ),
    Awkward("an optional path parameter", optional_path),
    Awkward(
        "a role header that one operation lacks",
        role_of_all_but_one,
        "the upstream has no such header; the role is still sent in it (list_dialects)",
        alone=True,
    ),
    # Secrets.
    Awkward("a secret object with named fields", typed_secret),
    Awkward("a secret under another name", secret_by_other_name, alone=True),
    Awkward(
        "a secret that is a choice",
        secret_choice,
        "the client imports ConnectionData, which would be no class any more",
        alone=True,
    ),
    Awkward("a secret spelled and written otherwise", secret_respelled, alone=True),
    Awkward(
        "a secret that is gone",
        secret_renamed,
        "the upstream has no apiKey, and its mark of a secret would be lost",
        "create_api_key",
    ),
    # The whole document.
    Awkward("no ids", every(lambda node: node.pop("operationId")), alone=True),
    Awkward("no tags", every(lambda node: node.pop("tags")), alone=True),
    Awkward("a gateway's export", gateway, alone=True),
    Awkward("successes under default", default_alone, alone=True),
    Awkward("several servers", servers("https://h/v2", "http://localhost"), alone=True),
    Awkward("variables of a server", servers("{scheme}://{host}/{basePath}"), alone=True),
    Awkward("other schema names", renamed_schemas, alone=True),
    Awkward("no named schemas", inlined, alone=True),
    Awkward(
        "another key of the envelope",
        with_other_envelope,
        f"{DATA_KEY} is called {OTHER_DATA_KEY} now",
        alone=True,
    ),
    Awkward(
        "another role header",
        with_other_role_header,
        f"{ROLE_HEADER} is called {OTHER_ROLE_HEADER}",
        alone=True,
    ),
    Awkward("no role header", without_role_header, "the upstream has no such header", alone=True),
)
