"""The changes that the tests plant into a copy of the specification, and what must be said of each.

This is the table of how changes are classified.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bytehouse_raw.operations import DATA_KEY, ROLE_HEADER

Spec = dict[str, Any]
B, C = "breaking", "compatible"


@dataclass(frozen=True)
class Planted:
    """A change, and what the report must say of it."""

    name: str
    make: Callable[[Spec], object]
    impact: str
    kind: str
    subject: str
    method: str
    """A method that it touches, with the argument where it is about one."""


def operation(spec: Spec, name: str) -> Spec:
    """Find an operation."""
    found = [
        node
        for item in spec["paths"].values()
        for node in item.values()
        if isinstance(node, dict) and node.get("operationId") == name
    ]
    return dict_of(found[0])


def dict_of(node: Any) -> Spec:
    """Say that a part may be changed."""
    assert isinstance(node, dict)
    return node


def schema(spec: Spec, name: str) -> Spec:
    """Find a named schema."""
    return dict_of(spec["components"]["schemas"][name])


def prop(spec: Spec, name: str, field: str) -> Spec:
    """Find a property of a named schema."""
    return dict_of(schema(spec, name)["properties"][field])


def parameter(spec: Spec, name: str) -> Spec:
    """Find a shared parameter."""
    return dict_of(spec["components"]["parameters"][name])


def rename(node: Spec, old: str, new: str) -> None:
    """Give a key another name, in its place."""
    items = [(new if key == old else key, value) for key, value in node.items()]
    node.clear()
    node.update(items)


def route(spec: Spec, name: str) -> tuple[str, str]:
    """Return path and method of an operation, wherever it is by now."""
    return next(
        (path, method)
        for path, item in spec["paths"].items()
        for method, node in item.items()
        if isinstance(node, dict) and node.get("operationId") == name
    )


def move(spec: Spec, name: str, *, method: bool = False, path: bool = False) -> None:
    """Give an operation another method or path."""
    old_path, old_method = route(spec, name)
    new_method = {"patch": "put"}.get(old_method, "patch") if method else old_method
    new_path = f"/moved{old_path}".replace("_id}", "}") if path else old_path
    node = take(spec, name)
    spec["paths"].setdefault(new_path, {})[new_method] = node


def take(spec: Spec, name: str) -> Spec:
    """Take an operation away."""
    path, method = route(spec, name)
    return dict_of(spec["paths"][path].pop(method))


def rename_schema(spec: Spec, old: str, new: str) -> None:
    """Give a named schema another name, and follow it where it is used."""
    rename(spec["components"]["schemas"], old, new)

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("$ref") == f"#/components/schemas/{old}":
                node["$ref"] = f"#/components/schemas/{new}"
            for inner in node.values():
                follow(inner)
        elif isinstance(node, list):
            for inner in node:
                follow(inner)

    follow(spec)


def every_operation(spec: Spec) -> list[Spec]:
    """Return all operations of a document."""
    nodes = [node for item in spec["paths"].values() for node in item.values()]
    return [node for node in nodes if isinstance(node, dict)]


OTHER_DATA_KEY = "result" if DATA_KEY == "data" else "data"


def with_other_envelope(spec: Spec) -> None:
    """Give the key of every response another name; what a connection has in `data` keeps its."""
    for name, node in spec["components"]["schemas"].items():
        properties = node.get("properties", {})
        if DATA_KEY in properties and not name.endswith(("Connection", "ConnectionRequest")):
            rename(properties, DATA_KEY, OTHER_DATA_KEY)


OTHER_ROLE_HEADER = "X-Role" if ROLE_HEADER != "X-Role" else "X-User-ActiveRole"


def with_other_role_header(spec: Spec) -> None:
    """Let the role come in another header."""
    parameter(spec, "ActiveRole").update(name=OTHER_ROLE_HEADER)


def without_role_header(spec: Spec) -> None:
    """Let no call take a role."""
    for node in every_operation(spec):
        listed = node.get("parameters", [])
        node["parameters"] = [p for p in listed if not p.get("$ref", "").endswith("/ActiveRole")]


def by_cursor(spec: Spec) -> None:
    """Page lists by cursor that were paged by offset."""
    parameter(spec, "Offset").update(name="cursor", schema={"type": "string"})


def add_operation(spec: Spec) -> None:
    """Add an operation that the client does not have."""
    response = {"$ref": "#/components/schemas/EmptyResponse"}
    spec["paths"]["/new/backups"] = {
        "post": {
            "operationId": "create_backup",
            "tags": ["Backups"],
            "summary": "Back everything up",
            "responses": {
                "200": {"description": "", "content": {"application/json": {"schema": response}}}
            },
        }
    }


def query(name: str, **more: Any) -> Spec:
    """Return a query parameter of text."""
    return {"name": name, "in": "query", "schema": {"type": "string"}, **more}


def without(listed: list[Any], ending: str) -> list[Any]:
    """Return parameters without one."""
    return [entry for entry in listed if not entry["$ref"].endswith(ending)]


def drop_parameter(spec: Spec, name: str, ending: str) -> None:
    """Take a parameter from an operation."""
    node = operation(spec, name)
    node["parameters"] = without(node["parameters"], ending)


PLANTED = (
    Planted(
        "path",
        lambda s: move(s, "list_warehouses", path=True),
        B,
        "path",
        "list_warehouses",
        "bh.warehouses.list",
    ),
    Planted(
        "method",
        lambda s: move(s, "update_connection", method=True),
        B,
        "method",
        "update_connection",
        "bh.connections.update",
    ),
    Planted(
        "method and path",
        lambda s: move(s, "set_api_key_status", method=True, path=True),
        B,
        "path",
        "set_api_key_status",
        "bh.api_keys.set_status",
    ),
    Planted(
        "operation gone",
        lambda s: take(s, "list_dialects"),
        B,
        "operation gone",
        "list_dialects",
        "bh.queries.dialects",
    ),
    Planted("operation added", add_operation, C, "operation added", "create_backup", ""),
    Planted(
        "tag",
        lambda s: operation(s, "get_query_statistics").update(tags=["Query Statistics"]),
        C,
        "tag",
        "tag",
        "bh.statistics.query",
    ),
    Planted(
        "security removed",
        lambda s: operation(s, "list_roles").update(security=[]),
        C,
        "security",
        "security",
        "bh.roles.list",
    ),
    Planted(
        "security alternative added",
        lambda s: operation(s, "list_databases").update(security=[{"BearerAuth": []}, {"Key": []}]),
        C,
        "security",
        "security",
        "bh.databases.list",
    ),
    Planted(
        "security changed",
        lambda s: operation(s, "list_tables").update(security=[{"Key": []}]),
        B,
        "security",
        "security",
        "bh.tables.list",
    ),
    Planted(
        "safety",
        lambda s: move(s, "list_assignments", method=True),
        B,
        "safety",
        "list_assignments",
        "bh.assignments.list",
    ),
    Planted(
        "paging",
        lambda s: drop_parameter(s, "list_import_jobs", "/Cursor"),
        B,
        "paging",
        "paging",
        "bh.import_jobs.list",
    ),
    Planted(
        "deprecated",
        lambda s: operation(s, "get_query_lineage").update(deprecated=True),
        C,
        "deprecated",
        "deprecated",
        "bh.queries.lineage",
    ),
    Planted(
        "optional parameter added",
        lambda s: operation(s, "list_roles")["parameters"].append(query("prefix")),
        C,
        "parameter added",
        "query parameter prefix",
        "bh.roles.list",
    ),
    Planted(
        "required parameter added",
        lambda s: operation(s, "get_account_status").update(
            parameters=[query("accountID", required=True)]
        ),
        B,
        "parameter added",
        "query parameter accountID",
        "bh.account.status",
    ),
    Planted(
        "parameter removed",
        lambda s: drop_parameter(s, "get_storage_usage", "/UsageDatabase"),
        B,
        "parameter removed",
        "query parameter dbName",
        "bh.usage.storage(database=)",
    ),
    Planted(
        "parameter renamed",
        lambda s: parameter(s, "KafkaPeriod").update(name="duration"),
        B,
        "parameter renamed",
        "query parameter period",
        "bh.executions.kafka_history(period=)",
    ),
    Planted(
        "parameter becomes required",
        lambda s: parameter(s, "AssignedUserId").update(required=True),
        B,
        "required",
        "query parameter UserID",
        "bh.assignments.list(user_id=)",
    ),
    Planted(
        "parameter's type",
        lambda s: parameter(s, "KafkaPartition").update(schema={"type": "string"}),
        B,
        "type",
        "query parameter partition",
        "bh.executions.kafka_history(partition=)",
    ),
    Planted(
        "parameter's bound tightened",
        lambda s: parameter(s, "CappedLimit")["schema"].update(maximum=100),
        B,
        "maximum",
        "query parameter limit",
        "bh.warehouses.list(limit=)",
    ),
    Planted(
        "request field added",
        lambda s: schema(s, "CreateDatabaseRequest")["properties"].update(owner={"type": "string"}),
        C,
        "property added",
        "CreateDatabaseRequest.owner",
        "bh.databases.create",
    ),
    Planted(
        "required request field added",
        lambda s: (
            schema(s, "AssignRoleRequest")["properties"].update(reason={"type": "string"}),
            schema(s, "AssignRoleRequest").setdefault("required", []).append("reason"),
        ),
        B,
        "property added",
        "AssignRoleRequest.reason",
        "bh.assignments.assign",
    ),
    Planted(
        "request field removed",
        lambda s: schema(s, "CreateTableRequest")["properties"].pop("samplingKey"),
        B,
        "property removed",
        "CreateTableRequest.samplingKey",
        "bh.tables.create(sample_by=)",
    ),
    Planted(
        "request field becomes required",
        lambda s: schema(s, "RenameImportJobRequest").update(required=["name"]),
        B,
        "required",
        "RenameImportJobRequest.name",
        "bh.import_jobs.rename(name=)",
    ),
    Planted(
        "request field becomes optional",
        lambda s: schema(s, "CreateWarehouseRequest")["required"].remove("configID"),
        C,
        "required",
        "CreateWarehouseRequest.configID",
        "bh.warehouses.create(config_id=)",
    ),
    Planted(
        "request enum loses a value",
        lambda s: schema(s, "QueryMode")["enum"].remove("ansi_sql"),
        B,
        "enum values removed",
        "QueryMode",
        "bh.queries.submit(mode=)",
    ),
    Planted(
        "enum gains a value",
        lambda s: schema(s, "ApiKeyStatus")["enum"].append("EXPIRED"),
        B,
        "enum values added",
        "ApiKeyStatus",
        "bh.api_keys.list",
    ),
    Planted(
        "request length tightened",
        lambda s: schema(s, "VWName").update(maxLength=20),
        B,
        "maxLength",
        "VWName",
        "bh.warehouses.create(name=)",
    ),
    Planted(
        "request default",
        lambda s: schema(s, "VWAutoSuspend").update(default=10),
        C,
        "default",
        "VWAutoSuspend",
        "bh.warehouses.create(auto_suspend=)",
    ),
    Planted(
        "request field's type",
        lambda s: prop(s, "ExtendApiKeyExpiryRequest", "addExpiryInDays").update(type="string"),
        B,
        "type",
        "ExtendApiKeyExpiryRequest.addExpiryInDays",
        "bh.api_keys.extend(by=)",
    ),
    Planted(
        "response field added",
        lambda s: schema(s, "Database")["properties"].update(engine={"type": "string"}),
        C,
        "property added",
        "Database.engine",
        "bh.databases.list",
    ),
    Planted(
        "response field removed",
        lambda s: schema(s, "Execution")["properties"].pop("message"),
        B,
        "property removed",
        "Execution.message",
        "bh.executions.get",
    ),
    Planted(
        "response field renamed",
        lambda s: rename(schema(s, "OffsetMeta")["properties"], "total", "totalCount"),
        B,
        "property renamed",
        "OffsetMeta.total",
        "bh.tables.list",
    ),
    Planted(
        "response field's type",
        lambda s: prop(s, "WarehouseConfiguration", "id").update(type="string"),
        B,
        "type",
        "WarehouseConfiguration.id",
        "bh.warehouses.configurations",
    ),
    Planted(
        "response field's format",
        lambda s: prop(s, "ImportJob", "createdAt").pop("format"),
        B,
        "format",
        "ImportJob.createdAt",
        "bh.import_jobs.get",
    ),
    Planted(
        "response list instead of object",
        lambda s: schema(s, "GetPartitionBoundsResponse")["properties"].update(
            {DATA_KEY: {"type": "array", "items": prop(s, "GetPartitionBoundsResponse", DATA_KEY)}}
        ),
        B,
        "type",
        "PartitionBounds",
        "bh.partitions.bounds",
    ),
    Planted(
        "schema renamed",
        lambda s: rename_schema(s, "Connection", "DataConnection"),
        C,
        "model renamed",
        "Connection",
        "bh.connections.get",
    ),
)
