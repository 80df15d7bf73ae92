"""Merge another specification into ours, leaving all else unchanged, comments too."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bytehouse_openapi import Document, Upstream, operations
from bytehouse_openapi.document import METHODS
from bytehouse_openapi.shape import word
from codegen.upstream.canonical import Contract, bare
from codegen.upstream.drift import sides
from codegen.upstream.schemas import Schemas, flow, pascal, references, set_key

PLAIN = frozenset({"string", "integer", "number", "boolean", "null"})
REFERENCE = "#/components/parameters/"


def adopted(text: str, ours: Document, upstream: Upstream) -> str:
    """Return the content of openapi.yaml with the facts of the upstream specification.

    Our operation ids, tags, schema names, descriptions and facts about retries and paging stay.
    What the upstream calls otherwise is noted as `x-upstream`, for the next comparison.

    Raises:
        UpstreamError: The upstream is of another API, or cannot be walked through.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    _Adoption(document, ours, upstream).run()
    out = io.StringIO()
    yaml.dump(document, out)
    return _spaced(out.getvalue())


def _spaced(text: str) -> str:
    """Restore the blank line before each path that a moved operation has taken along."""
    head, mark, rest = text.partition("\npaths:\n")
    paths, end, tail = rest.partition("\ncomponents:\n")
    paths = re.sub(r"\n+(  /\S*:\n)", r"\n\n\1", paths)
    return head + mark + paths + end + tail


class _Adoption:
    def __init__(self, document: CommentedMap, ours: Document, upstream: Upstream) -> None:
        self._document = document
        self._sides = sides(ours, upstream)
        self._schemas = Schemas(document["components"]["schemas"])
        self._parameters: dict[str, list[tuple[CommentedSeq, int, dict[str, Any]]]] = {}
        listed = {(o.method, o.path): o for o in operations(upstream.document)}
        self._nodes = {
            pair.ours.id: listed[pair.theirs.method, pair.theirs.path]
            for pair in self._sides.matching.pairs
        }

    def run(self) -> None:
        """Merge everything."""
        nodes = {
            node["operationId"]: node
            for item in self._document["paths"].values()
            for method, node in item.items()
            if method in METHODS
        }
        for name, theirs in self._sides.theirs.items():
            self._operation(name, nodes[name], self._sides.ours[name], theirs)
        self._shared_parameters()
        self._errors()
        self._schemas.apply()
        self._routes(nodes)
        self._prune()

    def _prune(self) -> None:
        """Remove the components that are no longer referred to."""
        components = self._document["components"]
        while True:
            used = set(references(self._document))
            unused = [
                (named, name)
                for kind, named in components.items()
                if kind != "securitySchemes"
                for name in named
                if f"#/components/{kind}/{name}" not in used
            ]
            if not unused:
                return
            for named, name in unused:
                del named[name]

    def _operation(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        set_key(node, "x-evidence", "documented")
        if theirs.deprecated != ours.deprecated:
            set_key(node, "deprecated", theirs.deprecated or None)
        self._note(name, node, ours, theirs)
        self._own_parameters(name, node, ours, theirs)
        self._body(name, node, ours, theirs)
        if ours.answer and _is_object(theirs.answer):
            content = self._resolved(node["responses"]["200"])["content"]
            hint = f"{pascal(name)}Response"
            self._schemas.ask(content["application/json"], "schema", _schema(theirs.answer), hint)

    def _note(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        """Record their id of this operation, and their tag if it differs from ours."""
        known = node.get("x-upstream")
        noted: dict[str, Any] = dict(known) if isinstance(known, Mapping) else {}
        theirs_id = self._nodes[name].id
        if theirs_id and (word(theirs_id) != word(name) or not noted):
            noted["operationId"] = theirs_id
        if theirs.tag and theirs.tag not in ours.known["tag"]:
            noted["tag"] = theirs.tag
        if theirs.status and theirs.status not in ours.known["status"]:
            noted["status"] = theirs.status
        # Even without a difference, the note records that the upstream has the operation.
        if noted != known:
            set_key(node, "x-upstream", flow(noted))

    def _own_parameters(
        self, name: str, node: CommentedMap, ours: Contract, theirs: Contract
    ) -> None:
        listed = node.get("parameters", CommentedSeq())
        for entry in list(listed):
            parameter = self._resolved(entry)
            if (parameter["in"], parameter["name"]) not in theirs.parameters:
                listed.remove(entry)
        for number, entry in enumerate(listed):
            parameter = self._resolved(entry)
            target = theirs.parameters[parameter["in"], parameter["name"]]
            if reference := entry.get("$ref"):
                sites = self._parameters.setdefault(reference.removeprefix(REFERENCE), [])
                sites.append((listed, number, target))
            else:
                self._parameter(parameter, target)
        for key in [key for key in theirs.parameters if key not in ours.parameters]:
            self._new_parameter(name, listed, key, theirs.parameters[key])
        if listed and "parameters" not in node:
            node.insert(list(node).index("responses"), "parameters", listed)
        elif not listed:
            node.pop("parameters", None)

    def _new_parameter(
        self, name: str, listed: CommentedSeq, key: tuple[str, str], target: dict[str, Any]
    ) -> None:
        if not _is_plain(target["schema"]):
            return
        place, wire = key
        made = CommentedMap({"name": wire, "in": place, "schema": flow({})})
        if target["~text"]:
            made.insert(2, "description", target["~text"])
        made["x-evidence"] = "documented"
        self._parameter(made, target, f"{pascal(name)}{pascal(wire)}")
        listed.append(made)

    def _parameter(
        self, node: CommentedMap, target: dict[str, Any], hint: str | None = None
    ) -> None:
        if (node.get("required") is True) != target["required"]:
            if target["required"]:
                node.insert(2, "required", value=True)
            else:
                node.pop("required")
        if node.get("x-evidence"):
            node["x-evidence"] = "documented"
        if _is_plain(target["schema"]):
            hint = hint or pascal(node["name"])
            self._schemas.ask(node, "schema", target["schema"], hint)

    def _shared_parameters(self) -> None:
        """Change a shared parameter to what most of its users need; the others get their own."""
        components = self._document["components"]["parameters"]
        for name, sites in self._parameters.items():
            wanted = [str(bare(target)) for _, _, target in sites]
            if not wanted:
                continue
            most = max(wanted, key=wanted.count)
            for (listed, number, target), want in zip(sites, wanted, strict=True):
                if want != most:
                    own = CommentedMap(components[name])
                    own["schema"] = flow(dict(own["schema"]))
                    self._parameter(own, target)
                    listed[number] = own
            self._parameter(components[name], sites[wanted.index(most)][2])

    def _body(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        if theirs.body is None:
            node.pop("requestBody", None)
            return
        if not _is_object(theirs.body):
            return
        if ours.body is None:
            made = CommentedMap({"content": CommentedMap()})
            made["content"]["application/json"] = CommentedMap({"schema": flow({})})
            node.insert(list(node).index("responses"), "requestBody", made)
        body = node["requestBody"]
        if (body.get("required") is True) != theirs.body["required"]:
            if theirs.body["required"]:
                body.insert(0, "required", value=True)
            else:
                body.pop("required")
        if body.get("x-evidence"):
            body["x-evidence"] = "documented"
        content = body["content"]["application/json"]
        self._schemas.ask(content, "schema", _schema(theirs.body), f"{pascal(name)}Request")

    def _errors(self) -> None:
        """Adopt the error body that most operations have."""
        errors = [contract.error for contract in self._sides.theirs.values()]
        error_bodies = [
            error for error in errors if error is not None and error.get("type") == "object"
        ]
        if error_bodies:
            as_strings = [str(bare(error)) for error in error_bodies]
            most = error_bodies[as_strings.index(max(as_strings, key=as_strings.count))]
            response = self._document["components"]["responses"]["Error"]
            if response.get("x-evidence"):
                response["x-evidence"] = "documented"
            content = response["content"]["application/json"]
            self._schemas.ask(content, "schema", most, "ErrorResponse")

    def _routes(self, nodes: Mapping[str, CommentedMap]) -> None:
        """Move each operation to its method and path; rebuild the paths only if one moved."""
        paths = self._document["paths"]
        routes = {
            name: (contract.method, contract.path)
            for name, contract in {**self._sides.ours, **self._sides.theirs}.items()
        }
        before = {name: (c.method, c.path) for name, c in self._sides.ours.items()}
        if routes != before:
            made: dict[str, CommentedMap] = {}
            for name in self._sides.ours:
                method, path = routes[name]
                item = made.setdefault(path, CommentedMap({"x-evidence": "inferred"}))
                item[method.lower()] = nodes[name]
            paths.clear()
            paths.update(made)
        for item in paths.values():
            marks = {node["x-evidence"] for method, node in item.items() if method in METHODS}
            if "documented" in marks:
                item["x-evidence"] = "documented"

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node


def _schema(content: dict[str, Any] | None) -> dict[str, Any]:
    schema: dict[str, Any] = (content or {}).get("schema", {})
    return schema


def _is_object(content: dict[str, Any] | None) -> bool:
    """Return whether the generator can make a model of a body."""
    is_json = bool(content) and re.search(r"json", (content or {})["type"]) is not None
    return is_json and _schema(content).get("type") == "object"


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Return whether the generator can write a parameter's value as a string."""
    kinds = schema.get("type") or []
    return bool(kinds) and set([kinds] if isinstance(kinds, str) else kinds) <= PLAIN
