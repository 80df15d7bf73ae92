"""A parsed specification: following references, listing operations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import attrs

from .errors import UpstreamError, reporting_invalid

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_RESOLVED = 2_000_000
"""Maximum number of values of a document with references resolved."""

Document = Mapping[str, Any]

_UNRESOLVED = "x-unresolved"
_DATA = frozenset({"example", "examples", "default", "enum", "const"})
"""Keys of arbitrary data, in which `$ref` is not a reference."""
_NAMED = frozenset(
    """
    $defs callbacks definitions dependentSchemas headers links parameters pathItems paths
    patternProperties properties requestBodies responses schemas securitySchemes webhooks
    """.split()
)
"""Keys of objects whose own keys are names, whatever they look like."""


@attrs.frozen
class SpecOperation:
    """An operation of a specification."""

    method: str
    path: str
    """Path template, with the path of the server."""
    node: Mapping[str, Any] = attrs.field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)
    """Its parameters and those of its path, references resolved."""
    status: str = ""
    """Status of its success, which is `default` where the responses have no 2xx; empty if none is
    described."""
    unknown: frozenset[str] = frozenset()
    """What of it is known in part at most, because of an unresolved reference: `parameters`, `body`
    or `response`."""

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
        """Its summary; empty if it has none."""
        return str(self.node.get("summary") or "")

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self.id or f"{self.method} {self.path}"


def target(document: Document, node: Any) -> Mapping[str, Any]:
    """Resolve a reference; the result is empty if it is not an object.

    Raises:
        UpstreamError: A reference leads out of the document, nowhere, or to itself.
    """
    seen: set[str] = set()
    while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
        if reference in seen:
            raise UpstreamError(f"The specification has a $ref that leads to itself: {reference}")
        seen.add(reference)
        node = resolve_pointer(document, reference)
    return node if isinstance(node, Mapping) else {}


def resolve_pointer(document: Document, reference: str) -> Any:
    """Return what a reference leads to, itself a reference perhaps.

    Raises:
        UpstreamError: It leads out of the document, or nowhere.
    """
    if not reference.startswith("#"):
        raise UpstreamError(
            f"The specification refers to another file: {reference}",
            hint="Bundle it into one file first, for instance with `redocly bundle`.",
        )
    node: Any = document
    for part in reference[1:].strip("/").split("/") if reference[1:] else ():
        plain = part.replace("~1", "/").replace("~0", "~")
        key = unquote(plain)
        if isinstance(node, Mapping) and {plain, key} & node.keys():
            node = node[plain if plain in node else key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise UpstreamError(f"The specification has a $ref that leads nowhere: {reference}")
    return node


def drop_unresolved(document: Any) -> tuple[str, ...]:
    """Replace references to another file, to nothing or to themselves by a mark of their own.

    Args:
        document: A parsed document, which is changed.

    Returns:
        These references, each once.
    """
    references = _References(document)
    nodes = _nodes(document)
    dropped = {key: node["$ref"] for key, node in nodes.items() if references.unresolved(node)}
    for key, reference in dropped.items():
        nodes[key].clear()
        nodes[key][_UNRESOLVED] = reference
    return tuple(dict.fromkeys(dropped.values()))


def _nodes(document: Any) -> dict[int, dict[str, Any]]:
    """Return the objects of a document that mean something in it, by their identity.

    Those in extensions mean something where a reference leads to them.
    """
    found: dict[int, dict[str, Any]] = {}
    pending = [(document, False)]
    while pending:
        node, named = pending.pop()
        if isinstance(node, dict):
            if id(node) in found:
                continue
            found[id(node)] = node
            if isinstance(reference := node.get("$ref"), str):
                with suppress(UpstreamError):
                    pending.append((resolve_pointer(document, reference), False))
        pending += _children(node, named=named)
    return found


def _children(node: Any, *, named: bool) -> Iterator[tuple[Any, bool]]:
    """Yield the values of a node that are neither extensions nor arbitrary data, and whether the
    keys of each are names."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if named:
                yield value, False
            elif key not in _DATA and not str(key).startswith("x-"):
                yield value, key in _NAMED
    elif isinstance(node, list):
        for value in node:
            yield value, False


class _References:
    """Tells which references lead to something, each followed once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._resolved: dict[str, bool] = {}

    def unresolved(self, node: Any) -> bool:
        """Tell whether a node is a reference that leads to nothing."""
        followed: list[str] = []
        while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            if reference not in self._resolved:
                self._resolved[reference] = False  # should it lead to itself
                followed.append(reference)
                try:
                    node = resolve_pointer(self._document, reference)
                    continue
                except UpstreamError:
                    pass
            if not self._resolved[reference]:
                return True
            break
        self._resolved.update(dict.fromkeys(followed, True))
        return False


def check(document: Any, name: str) -> Document:
    """Check that a document is OpenAPI 3 and can be traversed safely, and return it.

    Raises:
        UpstreamError: It is something else, or has references that cannot be resolved.
    """
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise UpstreamError(f"{name} is not an OpenAPI document: it has no `paths`.")
    version = str(document.get("openapi", ""))
    if not version.startswith(("3.0", "3.1", "3.2")):
        version = str(version or document.get("swagger") or "none")
        raise UpstreamError(f"{name} has an unsupported OpenAPI version: {version}.")
    for path, item in document["paths"].items():
        if not isinstance(target(document, item), dict) or not isinstance(path, str):
            raise UpstreamError(f"{name} has a path that is not an object: {path}")
    _ResolvedSize(document).measure(document["paths"], named=True)
    return document


class _ResolvedSize:
    """Count the values of a document with references resolved."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._sizes: dict[str, int] = {}
        self._open: set[str] = set()

    def measure(self, node: Any, *, named: bool = False) -> int:
        """Return the number of values of a node; a circular reference counts as one.

        Raises:
            UpstreamError: They are too many, or a reference cannot be resolved.
        """
        size = 1
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str):
                size += self._reference_size(reference)
        size += sum(self.measure(one, named=names) for one, names in _children(node, named=named))
        if size > MAX_RESOLVED:
            raise UpstreamError(
                f"The specification has more than {MAX_RESOLVED} values with references resolved."
            )
        return size

    def _reference_size(self, reference: str) -> int:
        if reference in self._open:
            return 1
        if reference not in self._sizes:
            found = target(self._document, {"$ref": reference})
            self._open.add(reference)
            self._sizes[reference] = self.measure(found)
            self._open.discard(reference)
        return self._sizes[reference]


@reporting_invalid("the specification")
def operations(document: Document) -> list[SpecOperation]:
    """List the operations of a checked document, in its order."""
    nodes = [
        (method, path, item, node)
        for path, node_of_path in document["paths"].items()
        for item in [target(document, node_of_path)]
        for method, node in item.items()
        if method in METHODS and isinstance(node, Mapping)
    ]
    responses = [_responses(document, node) for *_, node in nodes]
    errors = {
        _written(one["default"])
        for one in responses
        if "default" in one and any(status.startswith("2") for status in one)
    }
    found = []
    for (method, path, item, node), described in zip(nodes, responses, strict=True):
        listed = [target(document, one) for one in (*_listed(item), *_listed(node))]
        status = _success(described, errors)
        parts = {
            "parameters": listed,
            "body": [target(document, node.get("requestBody"))],
            "response": [one for s, one in described.items() if s.startswith("2") or s == status],
        }
        unknown = (p for p, ones in parts.items() if any(_UNRESOLVED in one for one in ones))
        parameters = {(p.get("in"), p.get("name")): p for p in listed if _UNRESOLVED not in p}
        found.append(
            SpecOperation(
                method.upper(),
                _server_path(document, item, node) + path,
                node,
                tuple(parameters.values()),
                status,
                frozenset(unknown),
            )
        )
    return found


def _responses(document: Document, node: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = node.get("responses")
    known = listed.items() if isinstance(listed, Mapping) else ()
    return {str(status): target(document, response) for status, response in known}


def _success(responses: Mapping[str, Mapping[str, Any]], errors: set[str]) -> str:
    """Return the status of the success: the first 2xx, preferably one with content.

    Without any it is `default`, unless that is the error of other operations.
    """
    good = sorted(status for status in responses if status.startswith("2"))
    if not good and "default" in responses and _written(responses["default"]) not in errors:
        return "default"
    return next((status for status in good if responses[status].get("content")), (*good, "")[0])


def _written(node: Any) -> str:
    return json.dumps(node, sort_keys=True)


def _listed(node: Mapping[str, Any]) -> Iterator[Any]:
    listed = node.get("parameters")
    return iter(listed if isinstance(listed, list) else ())


def _server_path(*nodes: Mapping[str, Any]) -> str:
    """Return the path of the servers of the last node that names any; if they differ, the first's.

    Variables have their defaults; one without a default leaves no trace.
    """
    for node in reversed(nodes):
        servers = node.get("servers")
        for server in servers if isinstance(servers, list) else ():
            if isinstance(server, Mapping) and isinstance(server.get("url"), str):
                return _path_of(server)
    return ""


def _path_of(server: Mapping[str, Any]) -> str:
    variables = server.get("variables")
    defaults = {
        name: str(variable.get("default") or "")
        for name, variable in (variables.items() if isinstance(variables, Mapping) else ())
        if isinstance(variable, Mapping)
    }
    url = re.sub(r"{([^{}]*)}", lambda found: defaults.get(found[1], ""), server["url"])
    # No parser of URLs takes one whose host is a variable without a default.
    path = re.sub(r"^(?:[^/?#]*:)?//[^/]*", "", url)
    return re.sub(r"/[/.]*(?=/|$)", "", "/" + re.split("[?#]", path)[0])
