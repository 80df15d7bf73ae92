"""Read openapi.yaml, correct it for the generator, and extract the facts about its operations."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonpath_ng.ext.parser import parse
from openapi_python_client.parser.properties import Property
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from codegen.errors import GenerationError, UnmatchedCorrection

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
ALLOWED: dict[str, set[str | None]] = {
    "x-evidence": {"documented", "inferred"},
    "x-retry": {"read", "idempotent", "read-back", "never"},
    "x-pagination": {"offset", "cursor", None},
}

_ID = re.compile("[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

ATTRIBUTE = "x-attribute"
"""The name in Python of a property or parameter, where it is not made of the name on the wire."""
ARGUMENT = "x-argument"
"""How the constructor of a model takes a property: `keyword` alone, or `joined` from a list."""
PROMISED = "x-promised"
"""Whether all objects of a kind have a property."""
ROLE = "ActiveRole"
"""The component of the header with the role of a call."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """Facts about an operation that the generator's parser drops."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    evidence: str
    retry: str
    pagination: str | None
    deprecated: bool
    headers: tuple[str, ...]
    parameters: dict[str, str]
    """Descriptions of the parameters, by their name in the specification."""
    attributes: dict[str, str]
    """Arguments of the parameters that are not named after them, likewise."""

    def arguments(self, properties: list[Property]) -> dict[str, str]:
        """Return the description of each argument that has one, by its name in Python."""
        named = {p.python_name: self.parameters[p.name.get_untrusted_value()] for p in properties}
        return {name: description for name, description in named.items() if description}


def load(path: Path) -> Document:
    """Read a YAML document."""
    try:
        document = YAML(typ="safe").load(path)
    except YAMLError as error:
        raise GenerationError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise GenerationError(f"{path} holds no object")
    return document


def correct(document: Document, overlay: Document) -> Document:
    """Apply an OpenAPI Overlay; every action must have a description and match something."""
    if overlay.get("actions") == []:  # the schema of overlays requires at least one
        return document
    # They import pandas and more, which takes seconds.
    from oas_patch.overlay import apply_overlay
    from oas_patch.validator import validate

    verdict = validate(overlay, "log")
    if "successful" not in verdict:
        raise GenerationError(f"The corrections are no OpenAPI Overlay document:\n{verdict}")
    corrected = copy.deepcopy(document)
    for number, action in enumerate(overlay["actions"], start=1):
        name = f"Correction {number} ({action['target']})"
        if not action.get("description"):
            raise GenerationError(f"{name} has no description: say there why it is needed")
        if not parse(action["target"]).find(corrected):
            raise UnmatchedCorrection(number, action["target"])
        corrected = apply_overlay(corrected, {"actions": [action]})
    return corrected


def operations(document: Document) -> dict[str, Facts]:
    """Return the facts about every operation by its id, in the document's order.

    Raises:
        GenerationError: An operation lacks a fact, or something refers to what is not there.
    """
    for reference in sorted(set(_references(document))):
        if not _leads_somewhere(document, reference):
            raise GenerationError(f"{reference} is referred to, and is not there")
    found: dict[str, Facts] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                _check(operation, f"{method.upper()} {path}", found)
                found[operation["operationId"]] = _facts(document, path, method, operation)
    return found


def role_header(document: Document) -> str:
    """Return the name of the header with the role of a call."""
    name: str = document["components"]["parameters"][ROLE]["name"]
    return name


def data_key(document: Document) -> str:
    """Return the key of responses that models have as `data`."""
    for schema in document["components"]["schemas"].values():
        for name, node in schema.get("properties", {}).items():
            if isinstance(node, dict) and node.get(ATTRIBUTE) == "data":
                return str(name)
    return "data"


def _check(operation: Document, where: str, found: dict[str, Facts]) -> None:
    name = operation.get("operationId")
    if not isinstance(name, str) or not _ID.fullmatch(name) or name in found:
        raise GenerationError(
            f"{where} needs an operationId of its own, spelled as `list_roles` is, not {name!r}"
        )
    for key in ("tags", "summary", "responses"):
        if not operation.get(key):
            raise GenerationError(f"{name} needs {key}")
    for key, allowed in ALLOWED.items():
        if operation.get(key) not in allowed:
            choice = ", ".join(sorted(filter(None, allowed)))
            raise GenerationError(
                f"{name} has {key}: {operation.get(key)!r}; it must be one of {choice}"
            )


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _references(inner)


def _leads_somewhere(document: Document, reference: str) -> bool:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _facts(document: Document, path: str, method: str, operation: Document) -> Facts:
    parameters = list(_parameters(document, path, operation))
    return Facts(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        tag=operation["tags"][0],
        summary=operation["summary"],
        description=operation.get("description", ""),
        evidence=operation["x-evidence"],
        retry=operation["x-retry"],
        pagination=operation.get("x-pagination"),
        deprecated=operation.get("deprecated") is True,
        headers=tuple(p["name"] for p in parameters if p["in"] == "header"),
        parameters={p["name"]: p.get("description", "") for p in parameters},
        attributes={p["name"]: p[ATTRIBUTE] for p in parameters if ATTRIBUTE in p},
    )


def _parameters(document: Document, path: str, operation: Document) -> Iterator[Document]:
    shared = document["paths"][path].get("parameters", [])
    for parameter in (*shared, *operation.get("parameters", [])):
        reference = parameter.get("$ref")
        if reference:
            yield document["components"]["parameters"][reference.rpartition("/")[2]]
        else:
            yield parameter
