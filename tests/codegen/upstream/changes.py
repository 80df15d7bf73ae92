"""Changes to a document that make it awkward to take over."""

from collections.abc import Callable
from typing import Any

from bytehouse_openapi import target
from tests.openapi.planted import (
    Spec,
    dict_of,
    operation,
    route,
    schema,
)

TEXT = {"type": "string"}
SECRET = {"type": "string", "format": "password"}
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


def with_status(name: str, status: str) -> Callable[[Spec], object]:
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


def referring(name: str, value: Any, **schemas: Any) -> Callable[[Spec], object]:
    """Add a field to the response of an operation, and the schemas that it refers to."""

    def make(spec: Spec) -> None:
        named(spec, **schemas)
        field(name, value)(spec)

    return make


def ref(name: str) -> Spec:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


SHAPES = {"Point": POINT, "Line": LINE}
CHOICE = [ref("Point"), ref("Line")]


def same_ids(spec: Spec) -> None:
    """Give two operations one id."""
    for name in ("list_roles", "get_import_job_start_arguments"):
        operation(spec, name)["operationId"] = "roles"


def odd_id(spec: Spec) -> None:
    """Give an operation an id that is no identifier."""
    operation(spec, "get_warehouse_usage")["operationId"] = "列出 用户/List Users!"


def no_tag(spec: Spec) -> None:
    """Take the tags of an operation away."""
    del operation(spec, "list_warehouses")["tags"]


def path_server(spec: Spec) -> None:
    """Give a path a server of its own."""
    path, _ = route(spec, "list_connections")
    spec["paths"][path]["servers"] = [{"url": "https://h/loading"}]


def collision(spec: Spec) -> None:
    """Give an operation the path of one that the upstream no longer has."""
    path, method = route(spec, "list_dialects")
    spec["paths"][path].pop(method)
    old, method = route(spec, "list_warehouse_configurations")
    spec["paths"][path][method] = spec["paths"][old].pop(method)


def other_parameters(spec: Spec) -> None:
    """Give an operation a path with a parameter that no method can know."""
    path, method = route(spec, "get_storage_usage")
    spec["paths"][f"/accounts/{{accountId}}{path}"] = {method: spec["paths"][path].pop(method)}
    made = {"name": "accountId", "in": "path", "required": True, "schema": TEXT}
    operation(spec, "get_storage_usage").setdefault("parameters", []).append(made)


def undescribed_path(spec: Spec) -> None:
    """Leave the parameters of a path undescribed."""
    node = operation(spec, "get_database")
    node["parameters"] = [
        one for one in node["parameters"] if target(spec, one).get("in") != "path"
    ]


def optional_path(spec: Spec) -> None:
    """Leave out that parameters are required."""
    node = operation(spec, "list_tables_and_views")
    node["parameters"] = [
        {k: v for k, v in target(spec, one).items() if k != "required"}
        for one in node["parameters"]
    ]


def role_of_all_but_one(spec: Spec) -> None:
    """Take the role header from one operation."""
    node = operation(spec, "list_dialects")
    node["parameters"] = [one for one in node["parameters"] if "ActiveRole" not in str(one)]


def head(spec: Spec) -> None:
    """Give an operation the method HEAD."""
    path, method = route(spec, "get_query_lineage")
    spec["paths"][path]["head"] = spec["paths"][path].pop(method)


def gateway(spec: Spec) -> None:
    """Give every path the answer to a browser's question, and no operation an id, title or tag."""
    for item in spec["paths"].values():
        for node in item.values():
            for key in ("operationId", "summary", "tags") if isinstance(node, dict) else ():
                node.pop(key, None)
        item["options"] = {"responses": {"200": {"description": ""}}}


def default_alone(spec: Spec) -> None:
    """Describe each response as the default one."""
    for item in spec["paths"].values():
        for node in item.values():
            if isinstance(node, dict):
                node["responses"] = {"default": node["responses"]["200"]}


def into_a_list(spec: Spec) -> None:
    """Refer to the schema of a parameter, which is in a list."""
    listed = operation(spec, "list_dialects")["parameters"]
    listed.append({"in": "query", "name": "kind", "schema": {"type": "string", "enum": ["a"]}})
    path, method = route(spec, "list_dialects")
    place = f"#/paths/{path.replace('/', '~1')}/{method}/parameters/{len(listed) - 1}/schema"
    field("list_permissions", {"$ref": place}, "kind")(spec)


def typed_secret(spec: Spec) -> None:
    """Give a secret object typed properties."""
    data = schema(spec, "ConnectionData")
    data.pop("x-secret")
    data["properties"] = {"endpoint": TEXT, "secret_access_key": TEXT, "more": LINE}


def secret_by_other_name(spec: Spec) -> None:
    """Give a secret object another schema."""
    named(spec, Credentials={"type": "object", "properties": {"ak": TEXT, "sk": TEXT}})
    for name in ("Connection", "CreateConnectionRequest", "UpdateConnectionRequest"):
        schema(spec, name)["properties"]["data"] = ref("Credentials")


def secret_choice(spec: Spec) -> None:
    """Make a secret object one of two."""
    named(spec, **SHAPES)
    for name in ("Connection", "CreateConnectionRequest", "UpdateConnectionRequest"):
        schema(spec, name)["properties"]["data"] = {"oneOf": CHOICE}


def secret_renamed(spec: Spec) -> None:
    """Rename a secret property."""
    properties = schema(spec, "CreatedApiKey")["properties"]
    properties["token"] = {"type": "string"}
    del properties["apiKey"]


def secret_respelled(spec: Spec) -> None:
    """Spell a secret property otherwise, and give it a format that is no mark of a secret."""
    properties = schema(spec, "CreatedApiKey")["properties"]
    properties["api_key"] = {"type": "string", "format": "opaque"}
    del properties["apiKey"]


def read_only(spec: Spec) -> None:
    """Require a field of a body that only responses have."""
    body = schema(spec, "CreateDatabaseRequest")
    body["properties"]["uuid"] = {"type": "string", "readOnly": True}
    body["required"] = [*body["required"], "uuid"]


def servers(*urls: str) -> Callable[[Spec], object]:
    """Give the document other servers."""
    return lambda spec: spec.update(servers=[{"url": url} for url in urls])


def every(change: Callable[[Spec], object]) -> Callable[[Spec], None]:
    """Change all operations."""

    def make(spec: Spec) -> None:
        for item in spec["paths"].values():
            for node in item.values():
                if isinstance(node, dict):
                    change(node)

    return make


def renamed_schemas(spec: Spec) -> None:
    """Rename every schema."""
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


def inlined(spec: Spec) -> None:
    """Put every schema where it is referred to."""

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
