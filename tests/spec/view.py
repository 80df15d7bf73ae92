"""Views of openapi.yaml for the tests of this folder: operations and resolved schemas."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ROOT = Path(__file__).parents[2]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
CONSTRAINTS = frozenset(
    {
        "enum",
        "const",
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "x-capped-at",
        "minItems",
        "maxItems",
        "uniqueItems",
    }
)

Node: TypeAlias = Mapping[str, Any]


@functools.cache
def load(path: Path) -> dict[str, Any]:
    """Read a YAML document whose top level is a mapping, once; not to be changed."""
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), LOADER)  # noqa: S506 - safe
    return document


def original() -> dict[str, Any]:
    """Return openapi.yaml; not to be changed."""
    return load(ROOT / "openapi.yaml")


def inferred(node: Node) -> bool:
    """Tell whether a part of the specification is marked as our best reading."""
    return node.get("x-evidence") == "inferred"


def documented_by_adoption(spec: Node, node: Node) -> bool:
    """Tell whether a part says that it is documented, and a specification was adopted.

    Before that, nothing is documented but what the facts of the public page show. An adoption
    notes for each operation what it is called there.
    """
    marked = node.get("x-evidence") == "documented"
    return marked and any("x-upstream" in operation.node for operation in operations(spec))


def needs_no_fact(spec: Node, node: Node) -> bool:
    """Tell whether a part is marked as inferred, or as documented by what was adopted."""
    return inferred(node) or documented_by_adoption(spec, node)


def target(spec: Node, node: Node) -> Node:
    """Follow a reference, as often as it leads to another one."""
    while "$ref" in node:
        found: Any = spec
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


class Operation(NamedTuple):
    """An operation of the specification, with where it stands."""

    path: str
    method: str
    item: Node
    node: Node

    @property
    def name(self) -> str:
        """Give the operation id, or the route where there is none."""
        return str(self.node.get("operationId", f"{self.method.upper()} {self.path}"))

    def parameters(self, spec: Node) -> list[Node]:
        """List the parameters, those of the path item included."""
        listed = [*self.item.get("parameters", ()), *self.node.get("parameters", ())]
        return [target(spec, parameter) for parameter in listed]

    def body(self, spec: Node) -> Node | None:
        """Give the schema of the JSON request body."""
        content = target(spec, self.node.get("requestBody", {})).get("content", {})
        return schema_in(content)

    def answer(self, spec: Node) -> Node | None:
        """Give the schema of the JSON body of the successful response."""
        for status, response in self.node.get("responses", {}).items():
            if str(status).startswith("2"):
                return schema_in(target(spec, response).get("content", {}))
        return None


def schema_in(content: Node) -> Node | None:
    """Give the schema of the JSON media type of a body."""
    media: Node = content.get("application/json", {})
    return media.get("schema")


def operations(spec: Node) -> list[Operation]:
    """List the operations in the order in which the specification has them."""
    return [
        Operation(path, method, item, node)
        for path, item in spec["paths"].items()
        for method, node in item.items()
        if method in METHODS
    ]


@dataclass
class Shape:
    """All that a schema says, its references and alternatives included."""

    names: list[str] = field(default_factory=list)
    keywords: dict[str, list[Any]] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    owners: dict[str, list[Node]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: Node | None = None

    def one(self, keyword: str) -> Any:
        """Give the value of a keyword; several if the parts of the schema disagree."""
        values = self.keywords.get(keyword, [])
        return values if len(values) > 1 else values[0] if values else None

    def marked_inferred(self, name: str) -> bool:
        """Tell whether a property, or an object that holds it, is marked as inferred."""
        return any(inferred(node) for node in (*self.owners[name], self.properties[name]))

    def needs_no_fact(self, spec: Node, name: str) -> bool:
        """Tell whether a property, or an object that holds it, is marked so that no fact is due."""
        parts = (*self.owners[name], self.properties[name])
        return any(needs_no_fact(spec, node) for node in parts)

    @property
    def types(self) -> set[str]:
        """Give the JSON types that the schema allows."""
        return {
            name
            for value in self.keywords.get("type", ())
            for name in ([value] if isinstance(value, str) else value)
        }

    @property
    def examples(self) -> list[Any]:
        """Give the examples, however they are written."""
        several = [example for group in self.keywords.get("examples", ()) for example in group]
        return [*self.keywords.get("example", ()), *several]

    @property
    def description(self) -> str:
        """Give all descriptions on the way to the schema as one text."""
        return " ".join(self.keywords.get("description", ()))


def shape(spec: Node, schema: Node | None) -> Shape:
    """Gather what a schema says along its references and alternatives."""
    seen = Shape()
    for node, owners in _parts(spec, schema or {}, ()):
        if "title" in node:
            seen.names.append(node["title"])
        if str(node.get("$ref", "")).startswith("#/components/schemas/"):
            seen.names.append(node["$ref"].rpartition("/")[2])
        for keyword, value in node.items():
            # What is only inferred must never refuse anything, so it does not count as a limit.
            if not (keyword in CONSTRAINTS and inferred(node)):
                kept = seen.keywords.setdefault(keyword, [])
                if value not in kept:
                    kept.append(value)
        for name, part in node.get("properties", {}).items():
            seen.properties.setdefault(name, part)
            seen.owners.setdefault(name, []).extend(owners)
        seen.required.update(node.get("required", ()))
        seen.items = seen.items or node.get("items")
    return seen


def _parts(
    spec: Node, schema: Node, owners: tuple[Node, ...]
) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    owners = (*owners, schema)
    yield schema, owners
    if "$ref" in schema:
        yield from _parts(spec, target(spec, {"$ref": schema["$ref"]}), owners)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, ()):
            yield from _parts(spec, part, owners)
