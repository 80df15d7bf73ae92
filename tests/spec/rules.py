"""What openapi.yaml has to be like apart from its facts: each rule yields what breaks it."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.spec.view import (
    ROOT,
    Node,
    documented_by_adoption,
    inferred,
    load,
    operations,
    shape,
    target,
)

EVIDENCE = ("documented", "inferred")
RETRY = ("read", "idempotent", "read-back", "never")
PAGINATION = {"offset": {"offset", "limit"}, "cursor": {"cursor", "limit"}}
FACTS = load(ROOT / "tests" / "spec" / "docs_facts.yaml")


def marks_are_known(spec: Node) -> Iterator[str]:
    """Find operations and paths that do not say how sure they are, or how to repeat them."""
    for path, item in spec["paths"].items():
        if item.get("x-evidence") not in EVIDENCE:
            yield f"{path}: x-evidence is {item.get('x-evidence')!r}"
    for operation in operations(spec):
        for key, known in (("x-evidence", EVIDENCE), ("x-retry", RETRY)):
            if operation.node.get(key) not in known:
                yield f"{operation.name}: {key} is {operation.node.get(key)!r}"
        if operation.node.get("x-pagination", "offset") not in PAGINATION:
            yield f"{operation.name}: x-pagination is {operation.node['x-pagination']!r}"


def marks_in_components_are_known(spec: Node) -> Iterator[str]:
    """Find an x-evidence of an unknown value, which would count as no mark at all."""
    for where, node in _nodes(spec.get("components", {}), "components"):
        if node.get("x-evidence", "inferred") not in EVIDENCE:
            yield f"{where}: x-evidence is {node['x-evidence']!r}"


def routes_are_documented_as_far_as_they_are_known(spec: Node) -> Iterator[str]:
    """Find routes that claim to be documented, beside the one that the public page shows and those
    of a specification that was adopted; and these, if they do not claim it."""
    paths = dict.fromkeys(spec["paths"], False)
    for operation in operations(spec):
        known = operation.name == "submit_sync_query" or "x-upstream" in operation.node
        paths[operation.path] |= known
        if inferred(operation.node) == known:
            yield f"{operation.name}: x-evidence is {operation.node.get('x-evidence')!r}"
    for path, known in paths.items():
        if inferred(spec["paths"][path]) == known:
            yield f"{path}: x-evidence is {spec['paths'][path].get('x-evidence')!r}"


def reads_are_marked_read(spec: Node) -> Iterator[str]:
    """Find a GET that may not simply be sent again, though it changes nothing."""
    for operation in operations(spec):
        retry = operation.node.get("x-retry")
        if operation.method == "get" and retry != "read":
            yield f"{operation.name}: GET with x-retry {retry!r}"


def pagination_fits_the_parameters(spec: Node) -> Iterator[str]:
    """Find operations paginated in another way than the one they take the parameters for."""
    for operation in operations(spec):
        taken = {node["name"] for node in operation.parameters(spec) if node["in"] == "query"}
        fitting = next((name for name, needed in PAGINATION.items() if needed <= taken), None)
        said = operation.node.get("x-pagination")
        if said != fitting:
            yield f"{operation.name}: x-pagination is {said!r}, its parameters say {fitting!r}"


def objects_are_named(spec: Node) -> Iterator[str]:
    """Find objects inside another one, or at the top of a body, that are no component."""
    for name, node in spec["components"]["schemas"].items():
        yield from _anonymous(f"components.schemas.{name}", node)
    bodies = {"paths": spec["paths"], "responses": spec["components"].get("responses", {})}
    for where, node in _nodes(bodies, ""):
        schema = node.get("schema", {})
        if where.endswith("application/json") and "$ref" not in schema:
            yield f"{where.lstrip('.')}: the schema of the body has no name"


def _anonymous(where: str, schema: Node) -> Iterator[str]:
    children = {f"{where}.{name}": node for name, node in schema.get("properties", {}).items()}
    children |= {
        f"{where} ({keyword})": schema[keyword]
        for keyword in ("items", "additionalProperties")
        if isinstance(schema.get(keyword), dict)
    }
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, node in enumerate(schema.get(keyword, ())):
            children[f"{where} ({keyword} {index})"] = node
    for at, node in children.items():
        if "properties" in node or node.get("type") == "object":
            yield f"{at}: an object without a name"
        yield from _anonymous(at, node)


def everything_is_described(spec: Node) -> Iterator[str]:
    """Find tags, operations, components and plain properties without a description."""
    described: dict[str, Node] = {operation.name: operation.node for operation in operations(spec)}
    described |= {f"tag {tag['name']}": tag for tag in spec["tags"]}
    for kind, components in spec["components"].items():
        described |= {f"components.{kind}.{name}": node for name, node in components.items()}
    for name, schema in spec["components"]["schemas"].items():
        for key, node in schema.get("properties", {}).items():
            # A reference, or an array of references, is described where it leads.
            if "$ref" not in node and "$ref" not in node.get("items", {}):
                described[f"components.schemas.{name}.{key}"] = node
    for where, node in described.items():
        # What was adopted with a part of the API may lack words; what an operation does, we tell.
        of_upstream = "operationId" not in node and documented_by_adoption(spec, node)
        if not of_upstream and not str(node.get("description", "")).strip():
            yield f"{where}: no description"


def errors_are_described_once(spec: Node) -> Iterator[str]:
    """Find operations that do not refer to the one description of failure."""
    for operation in operations(spec):
        responses = operation.node.get("responses", {})
        failed = {status: node for status, node in responses.items() if str(status)[0] != "2"}
        if failed != {"default": {"$ref": "#/components/responses/Error"}}:
            yield f"{operation.name}: failures are {failed!r}"


def tags_are_declared_in_order(spec: Node) -> Iterator[str]:
    """Find tags declared in another order than the one in which they are first used."""
    used = list(dict.fromkeys(tag for op in operations(spec) for tag in op.node.get("tags", ())))
    declared = [tag["name"] for tag in spec.get("tags", ())]
    if used != declared:
        yield f"declared {declared!r}, used {used!r}"


def references_lead_somewhere_and_components_are_used(spec: Node) -> Iterator[str]:
    """Find references without a target, and components without a reference."""
    references = {str(node["$ref"]) for _, node in _nodes(spec, "") if "$ref" in node}
    components = {
        f"#/components/{kind}/{name}"
        for kind, named in spec["components"].items()
        if kind != "securitySchemes"
        for name in named
    }
    yield from (f"{reference}: no such component" for reference in references - components)
    yield from (f"{component}: never used" for component in components - references)


def what_no_document_shows_is_marked_inferred(spec: Node) -> Iterator[str]:
    """Find properties that no fact shows and that are not marked as inferred."""
    shown = _shown(spec)
    for name, schema in spec["components"]["schemas"].items():
        keys = schema.get("properties", {}).keys() - shown.get(name, set())
        for key in keys:
            node = schema["properties"][key]
            guessed = inferred(schema) or inferred(node)
            parts = (schema, node, target(spec, node))
            if not (guessed or any(documented_by_adoption(spec, part) for part in parts)):
                yield f"components.schemas.{name}.{key}: not in the docs and not marked as inferred"


def _shown(spec: Node) -> dict[str, set[str]]:
    """Gather, by component, the keys that the facts show: in tables, in examples, in samples."""
    shown: dict[str, set[str]] = {}
    by_title = {operation.node.get("summary"): operation for operation in operations(spec)}
    for fact in FACTS["operations"]:
        operation = by_title.get(fact["title"])
        if operation is None:
            continue
        body = {field["name"]: field.get("example") for field in fact.get("body", ())}
        _show(spec, operation.body(spec), body, shown)
        _show(spec, operation.answer(spec), dict.fromkeys(fact["response"]), shown)
        for dotted in fact.get("nested", ()):
            tree: Any = None
            for key in reversed(dotted.split(".")):
                tree = {key: tree}
            _show(spec, operation.answer(spec), tree, shown)
    return shown


def _show(spec: Node, schema: Node | None, value: Any, shown: dict[str, set[str]]) -> None:
    seen = shape(spec, schema)
    if seen.items is not None:
        for part in value if isinstance(value, list) else [value]:
            _show(spec, seen.items, part, shown)
    elif isinstance(value, dict):
        for name in seen.names:
            shown.setdefault(name, set()).update(value)
        for key in value.keys() & seen.properties.keys():
            _show(spec, seen.properties[key], value[key], shown)


def _nodes(value: Any, where: str) -> Iterator[tuple[str, Node]]:
    if isinstance(value, dict):
        yield where, value
        for key, part in value.items():
            # What looks like a schema inside an example is data.
            if key not in {"example", "examples"}:
                yield from _nodes(part, f"{where}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _nodes(part, f"{where}[{index}]")


RULES: tuple[Callable[[Node], Iterator[str]], ...] = (
    marks_are_known,
    marks_in_components_are_known,
    routes_are_documented_as_far_as_they_are_known,
    reads_are_marked_read,
    pagination_fits_the_parameters,
    objects_are_named,
    everything_is_described,
    errors_are_described_once,
    tags_are_declared_in_order,
    references_lead_somewhere_and_components_are_used,
    what_no_document_shows_is_marked_inferred,
)
