"""A specification as it was read: its references followed, its operations listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from .errors import UpstreamError

__all__ = ["METHODS", "Document", "SpecOperation", "check", "operations", "target"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_RESOLVED = 2_000_000
"""How many values a document may have when each reference is replaced by what it leads to."""

Document = Mapping[str, Any]

_DATA = frozenset({"example", "examples", "default", "enum", "const"})
"""Keys under which anything may stand, a key `$ref` too."""


@attrs.frozen
class SpecOperation:
    """Hold one operation of a specification."""

    method: str
    path: str
    """Route template, the path of the server before it."""
    node: Mapping[str, Any] = attrs.field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)
    """Its parameters and those of its path, references followed."""

    @property
    def id(self) -> str:
        """Its operationId; empty if it has none."""
        return str(self.node.get("operationId") or "")

    @property
    def tag(self) -> str:
        """Its first tag; empty if it has none."""
        tags = self.node.get("tags")
        return str(tags[0]) if isinstance(tags, list) and tags else ""

    @property
    def summary(self) -> str:
        """Its title; empty if it has none."""
        return str(self.node.get("summary") or "")

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.id or f"{self.method} {self.path}"


def target(document: Document, node: Any) -> Mapping[str, Any]:
    """Follow references to what they lead to; what is no object is an empty one.

    Raises:
        UpstreamError: A reference leads out of the document, nowhere, or to itself.
    """
    seen: set[str] = set()
    while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
        if reference in seen:
            raise UpstreamError(f"The specification has a $ref that leads to itself: {reference}")
        seen.add(reference)
        node = _pointed(document, reference)
    return node if isinstance(node, Mapping) else {}


def _pointed(document: Document, reference: str) -> Any:
    if not reference.startswith("#"):
        raise UpstreamError(
            f"The specification refers to another file: {reference}",
            hint="Bundle it into one file first, for instance with `redocly bundle`.",
        )
    node: Any = document
    for part in reference[1:].strip("/").split("/") if reference[1:] else ():
        key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise UpstreamError(f"The specification has a $ref that leads nowhere: {reference}")
    return node


def check(document: Any, name: str) -> Document:
    """Return a document that is OpenAPI and can be walked through without harm.

    Raises:
        UpstreamError: It is something else, or has references that cannot be followed.
    """
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise UpstreamError(f"{name} is no OpenAPI document: it has no `paths`.")
    version = str(document.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        told = version or document.get("swagger") or "none"
        raise UpstreamError(f"{name} is of an OpenAPI version that is not read here: {told}.")
    for path, item in document["paths"].items():
        if not isinstance(target(document, item), dict) or not isinstance(path, str):
            raise UpstreamError(f"{name} has a path that holds no object: {path}")
    _Resolved(document).measure(document["paths"])
    return document


class _Resolved:
    """Count what a document becomes when its references are replaced."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._sizes: dict[str, int] = {}
        self._open: set[str] = set()

    def measure(self, node: Any) -> int:
        """Return how many values a part has; a reference back to what holds it counts as one.

        Raises:
            UpstreamError: They are too many, or a reference cannot be followed.
        """
        size = 1
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str):
                size += self._referred(reference)
            size += sum(self.measure(value) for key, value in node.items() if key not in _DATA)
        elif isinstance(node, list):
            size += sum(self.measure(value) for value in node)
        if size > MAX_RESOLVED:
            raise UpstreamError(
                f"The specification has more than {MAX_RESOLVED} values with references resolved."
            )
        return size

    def _referred(self, reference: str) -> int:
        if reference in self._open:
            return 1
        if reference not in self._sizes:
            found = target(self._document, {"$ref": reference})
            self._open.add(reference)
            self._sizes[reference] = self.measure(found)
            self._open.discard(reference)
        return self._sizes[reference]


def operations(document: Document) -> list[SpecOperation]:
    """List the operations of a document that `check` has let through, in its order."""
    prefix = _server_path(document)
    found = []
    for path, given in document["paths"].items():
        item = target(document, given)
        for method, node in item.items():
            if method in METHODS and isinstance(node, Mapping):
                listed = [*_listed(item), *_listed(node)]
                parameters = {}
                for one in listed:
                    parameter = target(document, one)
                    parameters[parameter.get("in"), parameter.get("name")] = parameter
                found.append(
                    SpecOperation(method.upper(), prefix + path, node, tuple(parameters.values()))
                )
    return found


def _listed(node: Mapping[str, Any]) -> Iterator[Any]:
    listed = node.get("parameters")
    return iter(listed if isinstance(listed, list) else ())


def _server_path(document: Document) -> str:
    """Return the path that all servers have before each route; empty if they differ."""
    servers = document.get("servers")
    paths = {
        re.sub(r"\{[^}]*\}", "", urlsplit(str(server.get("url", ""))).path).rstrip("/")
        for server in (servers if isinstance(servers, list) else [])
        if isinstance(server, Mapping)
    }
    return paths.pop() if len(paths) == 1 else ""
