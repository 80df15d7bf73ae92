"""A copy of openapi.yaml that a test may spoil."""

import copy
from typing import Any

from tests.spec.view import ROOT, Operation, load, operations, target


def original() -> dict[str, Any]:
    """Give openapi.yaml, not to be changed."""
    return load(ROOT / "openapi.yaml")


class Draft:
    """A copy of the specification, to be spoilt."""

    def __init__(self) -> None:
        self.spec = copy.deepcopy(original())

    def operation(self, name: str) -> Operation:
        """Find an operation by its id."""
        return next(found for found in operations(self.spec) if found.name == name)

    def node(self, name: str) -> dict[str, Any]:
        """Find what stands under an operation's method."""
        return dict_of(self.operation(name).node)

    def item(self, name: str) -> dict[str, Any]:
        """Find the path item that an operation stands in."""
        return dict_of(self.operation(name).item)

    def claim(self, name: str) -> None:
        """Say that a route is documented, though nothing shows it."""
        node = self.node(name)
        node.pop("x-upstream", None)
        node["x-evidence"] = "documented"

    def parameter(self, operation: str, name: str) -> dict[str, Any]:
        """Find a parameter of an operation, where it is declared."""
        listed = self.operation(operation).parameters(self.spec)
        return dict_of(next(node for node in listed if node["name"] == name))

    def body(self, operation: str) -> dict[str, Any]:
        """Find the schema of an operation's request body."""
        return dict_of(target(self.spec, self.operation(operation).body(self.spec) or {}))

    def field(self, operation: str, name: str) -> dict[str, Any]:
        """Find the schema of a field of an operation's request body."""
        return dict_of(target(self.spec, self.body(operation)["properties"][name]))

    def schema(self, name: str) -> dict[str, Any]:
        """Find a component by its name."""
        return dict_of(self.spec["components"]["schemas"][name])

    def answer(self, operation: str) -> dict[str, Any]:
        """Find the properties of an operation's answer."""
        schema = target(self.spec, self.operation(operation).answer(self.spec) or {})
        return dict_of(schema["properties"])

    def answered(self, operation: str, name: str) -> dict[str, Any]:
        """Find the schema of a key of an operation's answer."""
        return dict_of(target(self.spec, self.answer(operation)[name]))


def dict_of(node: Any) -> dict[str, Any]:
    """Say that a part of a draft may be changed."""
    assert isinstance(node, dict)
    return node


def rename(node: dict[str, Any], old: str, new: str) -> None:
    """Give a key another name, in its place."""
    items = [(new if key == old else key, value) for key, value in node.items()]
    node.clear()
    node.update(items)


def move_first_last(node: dict[str, Any]) -> None:
    """Move the first key to the end."""
    first = next(iter(node))
    node[first] = node.pop(first)
