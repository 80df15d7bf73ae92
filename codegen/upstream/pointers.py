"""JSON pointers to the parts of an operation in a specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bytehouse_openapi import Document, SpecOperation, target
from codegen.upstream.canonical import error_statuses, media_type_of
from codegen.upstream.compare import Where

_VARIANTS = ("allOf", "anyOf", "oneOf")


def pointer(document: Document, operation: SpecOperation, where: Where) -> str:
    """Return the pointer to a part of an operation, or to what is nearest around it."""
    method = operation.method.lower()
    path = next(
        path
        for path, item in document["paths"].items()
        if target(document, item).get(method) is operation.node
    )
    spot = _Spot(document, operation.node, f"#/paths/{_escaped(path)}/{method}")
    part, *inner = where
    if part in ("query", "header", "path", "cookie"):
        return spot.parameter(part, inner[0])
    if part == "parameters":
        return f"{spot.text}/parameters"
    steps = {
        "body": ["requestBody", "content"],
        "response": ["responses", operation.status, "content"],
        "error": ["responses", (*error_statuses(operation), "")[0], "content"],
    }
    if (
        part in steps
        and spot.enter(*steps[part])
        and spot.node
        and spot.enter(media_type_of(spot.node), "schema")
    ):
        for name in inner:
            if not spot.inside(name):
                break
    return spot.text


class _Spot:
    """A place in a document, and its pointer."""

    def __init__(self, document: Document, node: Any, text: str) -> None:
        self._document = document
        self.node = node
        self.text = text

    def enter(self, *keys: str) -> bool:
        """Go to the value of a key, as far as there is one, through references."""
        for key in keys:
            self._resolve()
            found = {str(name): name for name in self.node} if self.node else {}
            if key not in found:
                return False
            self.node, self.text = self.node[found[key]], f"{self.text}/{_escaped(key)}"
        self._resolve()
        return True

    def _resolve(self) -> None:
        while isinstance(self.node, Mapping) and isinstance(self.node.get("$ref"), str):
            self.text = self.node["$ref"]
            self.node = target(self._document, self.node)

    def parameter(self, place: str, name: str) -> str:
        """Return the pointer to a parameter of this operation."""
        for number, one in enumerate(self.node.get("parameters") or ()):
            found = target(self._document, one)
            if (found.get("in"), str(found.get("name")).lower()) == (place, name.lower()):
                return str(one.get("$ref") or f"{self.text}/parameters/{number}")
        return f"{self.text}/parameters"

    def inside(self, name: str) -> bool:
        """Go to a property, or to the items for `[]`, in whichever part of the schema it is."""
        steps = ("items",) if name == "[]" else ("properties", name)
        for spot in self._parts():
            if spot.enter(*steps):
                self.node, self.text = spot.node, spot.text
                return True
        return False

    def _parts(self) -> Iterator[_Spot]:
        self._resolve()
        yield _Spot(self._document, self.node, self.text)
        for keyword in _VARIANTS:
            for number, part in enumerate(self.node.get(keyword) or ()):
                inner = _Spot(self._document, part, f"{self.text}/{keyword}/{number}")
                yield from inner._parts()


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
