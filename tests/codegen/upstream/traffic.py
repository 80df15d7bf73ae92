"""Hold recorded traffic against the specification."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
import yaml

from bytehouse_openapi import Document, SpecOperation, operations, target

URI = "urn:specification"


@dataclass(frozen=True)
class Route:
    """A route of the specification, and where its operation stands."""

    operation: SpecOperation
    pattern: re.Pattern[str]
    pointer: str


class Specification:
    """What calls and responses must look like."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._registry = jsonschema_rs.Registry([(URI, dict(document))])
        self._routes = sorted(
            (self._route(operation) for operation in operations(document)),
            key=lambda route: route.operation.path.count("{"),
        )

    @staticmethod
    def _route(operation: SpecOperation) -> Route:
        parts = re.split(r"\{[^}]+\}", operation.path)
        path = operation.path.replace("~", "~0").replace("/", "~1")
        # A prefix may stand before: that of a tenant's gateway.
        pattern = re.compile(".*" + "[^/]+".join(map(re.escape, parts)))
        return Route(operation, pattern, f"/paths/{path}/{operation.method.lower()}")

    def problems(self, interaction: Mapping[str, Any]) -> Iterator[str]:
        """Yield what an exchange has otherwise than the specification."""
        request, response = interaction["request"], interaction["response"]
        parts = urlsplit(request["uri"])
        shown = f"{request['method']} {parts.path}"
        route = self._found(request["method"], parts.path)
        if route is None:
            yield f"{shown}: no operation has this route"
            return
        name = f"{route.operation.id} ({shown})"
        for problem in self._request(route, request, parse_qsl(parts.query)):
            yield f"{name}: {problem}"
        for problem in self._response(route, response):
            yield f"{name}: {problem}"

    def _found(self, method: str, path: str) -> Route | None:
        return next(
            (
                route
                for route in self._routes
                if route.operation.method == method and route.pattern.fullmatch(path)
            ),
            None,
        )

    def _request(
        self, route: Route, request: Mapping[str, Any], query: list[tuple[str, str]]
    ) -> Iterator[str]:
        parameters = {(p["in"], p["name"].lower()): p for p in route.operation.parameters}
        sent = {("query", key.lower()) for key, _ in query}
        sent |= {("header", key.lower()) for key in request.get("headers", {})}
        for key, _ in query:
            if ("query", key.lower()) not in parameters:
                yield f"query parameter {key} is not in the specification"
        for (place, key), parameter in parameters.items():
            if place != "path" and parameter.get("required") and (place, key) not in sent:
                yield f"{place} parameter {parameter['name']} is missing"
        body = target(self._document, route.operation.node.get("requestBody"))
        text = _text(request.get("body"))
        if text and not body:
            yield "has a body, and should have none"
        elif text:
            pointer = f"{route.pointer}/requestBody/content/application~1json/schema"
            yield from self._content(text, pointer, "request body")
        elif body.get("required"):
            yield "has no body, and should have one"

    def _response(self, route: Route, response: Mapping[str, Any]) -> Iterator[str]:
        status = str(response["status"]["code"])
        text = _text(response.get("body"))
        listed = route.operation.node["responses"]
        if status.startswith("2"):
            key = status if status in listed else "200"
            if target(self._document, listed[key]).get("content"):
                pointer = f"{route.pointer}/responses/{key}/content/application~1json/schema"
                yield from self._content(text, pointer, f"response {status}")

    def _content(self, text: str, pointer: str, what: str) -> Iterator[str]:
        try:
            value = json.loads(text)
        except ValueError:
            yield f"{what} is not JSON: {text[:80]!r}"
            return
        schema = {"$ref": f"{URI}#{pointer.replace('{', '%7B').replace('}', '%7D')}"}
        validator = jsonschema_rs.validator_for(schema, registry=self._registry)
        for error in validator.iter_errors(value):
            yield f"{what} at /{'/'.join(map(str, error.instance_path))}: {error.message}"


def _text(body: Any) -> str:
    """Return a body as vcrpy keeps it: text, bytes, or an object with a string."""
    if isinstance(body, Mapping):
        body = body.get("string")
    return body.decode() if isinstance(body, bytes) else str(body or "")


def disagreements(cassettes: Path, document: Document) -> list[str]:
    """Return what the cassettes of a directory have otherwise than the specification.

    No cassette, or one that holds no exchange, is one too: it would check nothing.
    """
    load: Callable[[str], Any] = yaml.safe_load
    specification = Specification(document)
    paths = sorted((*cassettes.rglob("*.yaml"), *cassettes.rglob("*.yml")))
    found = [] if paths else [f"{cassettes.name}: holds no cassette"]
    for path in paths:
        interactions = (load(path.read_text("utf-8")) or {}).get("interactions") or []
        problems = [problem for one in interactions for problem in specification.problems(one)]
        found += [f"{path.name}: {problem}" for problem in problems]
        if not interactions:
            found.append(f"{path.name}: holds no exchange")
    return found
