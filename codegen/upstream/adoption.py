"""Merge another specification into ours, leaving all else unchanged, comments too."""

import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bytehouse_openapi import Document, Upstream, operations
from bytehouse_openapi.document import METHODS
from bytehouse_openapi.shape import word
from codegen.spec import ATTRIBUTE, ROLE, role_header
from codegen.upstream.adoptable import Adoptable, Part, adoptable_parts
from codegen.upstream.canonical import Contract, bare, written
from codegen.upstream.drift import Sides, sides
from codegen.upstream.meaning import adoptable
from codegen.upstream.schemas import (
    Schemas,
    flow,
    mark_documented,
    pascal,
    python_name,
    references,
    set_key,
)

REFERENCE = "#/components/parameters/"


class Merged(NamedTuple):
    """The result of merging."""

    text: str
    """The content of openapi.yaml."""
    adoptable: Adoptable


def adopted(
    text: str,
    ours: Document,
    upstream: Upstream,
    refused: Mapping[Part, str] | None = None,
    kept: Collection[str] = (),
) -> Merged:
    """Return the content of openapi.yaml with the facts of the upstream specification.

    Our operation ids, tags, schema names, descriptions and facts about retries and paging stay.
    What the upstream calls otherwise is noted as `x-upstream`, for the next comparison.

    Args:
        text: The content of openapi.yaml.
        ours: The same, parsed.
        upstream: The upstream specification.
        refused: Parts that are left as they are, each with the reason.
        kept: Schemas that the client imports: they stay, and stay classes.

    Raises:
        UpstreamError: The upstream is of another API, or cannot be walked through.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    both = sides(ours, upstream)
    both = replace(both, theirs=adoptable(both.ours, both.theirs))
    found = adoptable_parts(both, role_header(document), refused or {}, kept)
    _Adoption(document, both, found, upstream).run({*kept, ROLE})
    out = io.StringIO()
    yaml.dump(document, out)
    return Merged(_spaced(out.getvalue()), found)


def _spaced(text: str) -> str:
    """Restore the blank line before each path that a moved operation has taken along."""
    head, mark, rest = text.partition("\npaths:\n")
    paths, end, tail = rest.partition("\ncomponents:\n")
    paths = re.sub(r"\n+(  /\S*:\n)", r"\n\n\1", paths)
    return head + mark + paths + end + tail


class _Adoption:
    def __init__(
        self, document: CommentedMap, both: Sides, adoptable: Adoptable, upstream: Upstream
    ) -> None:
        self._document = document
        self._sides = both
        self._adoptable = adoptable
        self._schemas = Schemas(document["components"]["schemas"])
        self._new: dict[str, list[tuple[CommentedSeq, int]]] = defaultdict(list)
        self._parameters: dict[str, list[tuple[CommentedSeq, int, dict[str, Any]]]] = {}
        listed = {(o.method, o.path): o for o in operations(upstream.document)}
        self._nodes = {
            pair.ours.id: listed[pair.theirs.method, pair.theirs.path]
            for pair in self._sides.matching.pairs
        }
        ids = Counter(word(operation.id) for operation in listed.values())
        self._unique = {name for name, count in ids.items() if name and count == 1}

    def run(self, kept: Collection[str]) -> None:
        """Merge everything, and remove the components that nothing needs but those kept."""
        nodes = {
            node["operationId"]: node
            for item in self._document["paths"].values()
            for method, node in item.items()
            if method in METHODS
        }
        self._rename_headers()
        for name, theirs in self._adoptable.contracts.items():
            self._operation(name, nodes[name], self._sides.ours[name], theirs)
        self._shared_parameters()
        self._errors()
        self._schemas.apply()
        self._share_new_parameters()
        self._routes(nodes)
        self._prune(kept)

    def _prune(self, kept: Collection[str]) -> None:
        """Remove the components that are no longer referred to."""
        components = self._document["components"]
        while True:
            used = set(references(self._document))
            unused = [
                (named, name)
                for kind, named in components.items()
                if kind != "securitySchemes"
                for name in named
                if f"#/components/{kind}/{name}" not in used and name not in kept
            ]
            if not unused:
                return
            for named, name in unused:
                del named[name]

    def _operation(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        documented = self._sides.theirs[name]
        if (theirs.method, theirs.path) == (documented.method, documented.path):
            set_key(node, "x-evidence", "documented")
        if theirs.deprecated != ours.deprecated:
            set_key(node, "deprecated", theirs.deprecated or None)
        self._note(name, node, ours, theirs)
        self._own_parameters(name, node, theirs)
        self._body(name, node, ours, theirs)
        if ours.response and theirs.response and "~skipped" not in theirs.response:
            content = self._resolved(node["responses"]["200"])["content"]
            hint = f"{pascal(name)}Response"
            wanted = theirs.response["schema"]
            self._schemas.ask(content["application/json"], "schema", wanted, hint)

    def _rename_headers(self) -> None:
        """Give each header its new name; its argument keeps the old one."""
        new = {ours: theirs for theirs, ours in self._adoptable.headers.items()}
        lists = [
            node.get("parameters", ())
            for item in self._document["paths"].values()
            for node in (item, *(item[method] for method in METHODS if method in item))
        ]
        for node in {id(n): n for listed in lists for n in map(self._resolved, listed)}.values():
            if node["in"] == "header" and node["name"] in new:
                node.setdefault(ATTRIBUTE, python_name(node["name"]))
                node["name"] = new[node["name"]]

    def _note(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        """Record their id of this operation, and their tag if it differs from ours."""
        known = node.get("x-upstream")
        noted: dict[str, Any] = dict(known) if isinstance(known, Mapping) else {}
        theirs_id = self._nodes[name].id
        if word(theirs_id) in self._unique and (word(theirs_id) != word(name) or not noted):
            noted["operationId"] = theirs_id
        if theirs.tag and theirs.tag not in ours.known["tag"]:
            noted["tag"] = theirs.tag
        if theirs.status and theirs.status not in ours.known["status"]:
            noted["status"] = theirs.status
        # Even without a difference, the note records that the upstream has the operation.
        if noted != known:
            set_key(node, "x-upstream", flow(noted))

    def _own_parameters(self, name: str, node: CommentedMap, theirs: Contract) -> None:
        listed = node.get("parameters", CommentedSeq())
        for entry in list(listed):
            parameter = self._resolved(entry)
            if (parameter["in"], parameter["name"]) not in theirs.parameters:
                listed.remove(entry)
        for number, entry in enumerate(listed):
            parameter = self._resolved(entry)
            target = theirs.parameters[parameter["in"], parameter["name"]]
            if "~skipped" in target:
                continue
            if reference := entry.get("$ref"):
                sites = self._parameters.setdefault(reference.removeprefix(REFERENCE), [])
                sites.append((listed, number, target))
            else:
                self._parameter(parameter, target)
        known = {(one["in"], one["name"]) for one in map(self._resolved, listed)}
        for key in [key for key in theirs.parameters if key not in known]:
            self._new_parameter(name, listed, key, theirs.parameters[key])
        if listed and "parameters" not in node:
            node.insert(list(node).index("responses"), "parameters", listed)
        elif not listed:
            node.pop("parameters", None)

    def _new_parameter(
        self, name: str, listed: CommentedSeq, key: tuple[str, str], target: dict[str, Any]
    ) -> None:
        place, wire = key
        if shared := self._shared_as(place, wire, target):
            # The public page has it for other operations: that it is here, too, is from upstream.
            component = self._document["components"]["parameters"][shared]
            component.setdefault("x-evidence", "documented")
            self._parameters.setdefault(shared, []).append((listed, len(listed), target))
            listed.append(CommentedMap({"$ref": REFERENCE + shared}))
            return
        made = CommentedMap({"name": wire, "in": place, "schema": flow({})})
        if target.get("~text"):
            made.insert(2, "description", target["~text"])
        made["x-evidence"] = "documented"
        self._parameter(made, target, f"{pascal(name)}{pascal(wire)}")
        self._new[wire].append((listed, len(listed)))
        listed.append(made)

    def _parameter(
        self, node: CommentedMap, target: dict[str, Any], hint: str | None = None
    ) -> None:
        if (node.get("required") is True) != target["required"]:
            if target["required"]:
                node.insert(2, "required", value=True)
            else:
                node.pop("required")
        mark_documented(node)
        self._schemas.ask(node, "schema", target["schema"], hint or pascal(node["name"]))

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

    def _shared_as(self, place: str, wire: str, target: dict[str, Any]) -> str:
        """Return the name of the component that a new parameter already is; empty if none is."""
        for name, node in self._document["components"]["parameters"].items():
            same = (node["in"], node["name"], node.get("required") is True)
            if same == (place, wire, target["required"]):
                mine, other = (s.get("type") for s in (node["schema"], target["schema"]))
                if mine == other:
                    return str(name)
        return ""

    def _share_new_parameters(self) -> None:
        """Make what several operations have got alike one component."""
        components = self._document["components"]["parameters"]
        for wire, sites in self._new.items():
            alike: dict[str, list[tuple[CommentedSeq, int]]] = defaultdict(list)
            for listed, number in sites:
                alike[written(listed[number])].append((listed, number))
            for group in alike.values():
                name = pascal(wire)
                if len(group) == 1 or not name or name in components:
                    continue
                components[name] = group[0][0][group[0][1]]
                for listed, number in group:
                    listed[number] = CommentedMap({"$ref": REFERENCE + name})

    def _body(self, name: str, node: CommentedMap, ours: Contract, theirs: Contract) -> None:
        if theirs.body is None:
            node.pop("requestBody", None)
            return
        if "~skipped" in theirs.body:
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
        mark_documented(body)
        content = body["content"]["application/json"]
        self._schemas.ask(content, "schema", theirs.body["schema"], f"{pascal(name)}Request")

    def _errors(self) -> None:
        """Adopt the error body that most operations have."""
        errors = [contract.error for contract in self._adoptable.contracts.values()]
        error_bodies = [error for error in errors if error is not None and "~skipped" not in error]
        if error_bodies:
            as_strings = [str(bare(error)) for error in error_bodies]
            most = error_bodies[as_strings.index(max(as_strings, key=as_strings.count))]
            response = self._document["components"]["responses"]["Error"]
            mark_documented(response)
            content = response["content"]["application/json"]
            self._schemas.ask(content, "schema", most, "ErrorResponse")

    def _routes(self, nodes: Mapping[str, CommentedMap]) -> None:
        """Move each operation to its method and path; rebuild the paths only if one moved."""
        paths = self._document["paths"]
        routes = {
            name: (contract.method, contract.path)
            for name, contract in {**self._sides.ours, **self._adoptable.contracts}.items()
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
