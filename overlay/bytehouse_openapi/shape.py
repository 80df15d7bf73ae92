"""Shapes: the features that an operation is recognised by, from a specification or the client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .document import Document, SpecOperation, target
from .errors import reporting_invalid

_DEPTH = 3
_STEPS = 20_000
_PARAMETER = re.compile(r"{([^{}]+)}")


def word(text: str) -> str:
    """Normalize a name: `X-Query_ID` and `xQueryId` are equal."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def words(text: str) -> frozenset[str]:
    """Return the words of a summary, without the plural s."""
    return frozenset(part.rstrip("s") for part in re.findall(r"[a-z0-9]+", text.lower())) - {""}


def path_parameters(path: str) -> list[str]:
    """Return the parameter names of a path template, in order."""
    return _PARAMETER.findall(path)


@attrs.frozen
class Shape:
    """The features that an operation is recognised by."""

    id: str
    names: frozenset[str] = attrs.field(repr=False)
    """Its normalized operation ids: its own, and that of the upstream if known."""
    method: str
    path: str
    tag: str
    summary: str
    parameters: frozenset[str] = attrs.field(repr=False)
    """Normalized names of its query parameters and headers, and of arguments that differ."""
    body: frozenset[str] = attrs.field(repr=False)
    """Fields of the request body, nested ones with a dot."""
    response: frozenset[str] = attrs.field(repr=False)
    """Fields of the response, nested ones with a dot."""


@reporting_invalid("the specification")
def shape_of(document: Document, operation: SpecOperation) -> Shape:
    """Return the shape of an operation of a specification."""
    node = operation.node
    known = node.get("x-upstream")
    also = known.get("operationId", "") if isinstance(known, Mapping) else ""
    return Shape(
        id=operation.name,
        names=frozenset({word(operation.id), word(str(also))} - {""}),
        method=operation.method,
        path=operation.path,
        tag=operation.tag,
        summary=operation.summary,
        parameters=frozenset(
            word(str(p[key]))
            for p in operation.parameters
            for key in ("name", "x-attribute")
            if p.get("in") != "path" and key in p
        ),
        body=_Fields(document).of(_content(document, node.get("requestBody"))),
        response=_Fields(document).of(_content(document, _success(operation))),
    )


def _success(operation: SpecOperation) -> Any:
    responses = operation.node.get("responses")
    listed = responses.items() if isinstance(responses, Mapping) else ()
    return {str(status): response for status, response in listed}.get(operation.status)


def _content(document: Document, node: Any) -> Any:
    """Return the schema of a body, preferably its JSON one."""
    content = target(document, node).get("content")
    if not isinstance(content, Mapping) or not content:
        return None
    media = next((content[kind] for kind in content if "json" in str(kind).lower()), None)
    media = media if media is not None else next(iter(content.values()))
    return media.get("schema") if isinstance(media, Mapping) else None


class _Fields:
    """Collects the names of the fields of a schema, nested ones with a dot."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _STEPS
        self._found: set[str] = set()

    def of(self, schema: Any) -> frozenset[str]:
        """Return the names of all fields, to a depth of `_DEPTH`."""
        self._collect(schema, "", _DEPTH)
        return frozenset(self._found)

    def _collect(self, schema: Any, prefix: str, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth < 0:
            return
        node = target(self._document, schema)
        if "items" in node and depth:
            self._found.add(f"{prefix}[]")
            self._collect(node["items"], prefix, depth - 1)
        for key in ("allOf", "anyOf", "oneOf"):
            for part in node.get(key) or ():
                self._collect(part, prefix, depth - 1)
        properties = node.get("properties")
        for name, inner in properties.items() if isinstance(properties, Mapping) else ():
            self._found.add(prefix + word(str(name)))
            self._collect(inner, f"{prefix}{word(str(name))}.", depth - 1)


def shapes_of_client() -> list[Shape]:
    """Return the shapes of the client's own operations, read from its plans and models."""
    from typing import get_args, get_type_hints

    from bytehouse._api.planning import planner
    from bytehouse_raw import models
    from bytehouse_raw.operations import OPERATIONS

    classes = {name: getattr(models, name) for name in models.__all__}
    shapes = []
    for operation in OPERATIONS.values():
        hints = get_type_hints(planner(operation))
        (response,) = get_args(hints.pop("return"))
        body = hints.pop("body", None)
        given = {word(name) for name in hints} - set(map(word, path_parameters(operation.path)))
        shapes.append(
            Shape(
                id=operation.id,
                names=frozenset({word(operation.id)}),
                method=operation.method,
                path=operation.path,
                tag=operation.tag,
                summary=operation.summary,
                parameters=frozenset(given | set(map(word, operation.headers))),
                body=frozenset(_fields_of_model(body, classes)),
                response=frozenset(_fields_of_model(response, classes)),
            )
        )
    return shapes


def _fields_of_model(
    model: Any, classes: Mapping[str, Any], prefix: str = "", depth: int = _DEPTH
) -> Iterator[str]:
    """Yield the fields of a model, as `_Fields` does for its schema."""
    if depth < 0:
        return
    for wire, attribute in getattr(model, "_fields", {}).items():
        inner, left = f"{prefix}{word(wire)}.", depth - 1
        yield inner[:-1]
        annotation = str(model.__annotations__[attribute])
        lists = annotation.count("list[")
        if lists and left > 0:
            yield f"{inner}[]"
        left -= lists
        for name in re.findall(r"\w+", annotation):
            yield from _fields_of_model(classes.get(name), classes, inner, left)
