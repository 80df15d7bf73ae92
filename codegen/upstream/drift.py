"""Compare the vendored specification with another, and find the affected methods."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bytehouse_openapi import Matching, SpecOperation, Upstream, operations
from bytehouse_openapi.document import Document
from bytehouse_openapi.matching import path_in_our_words, path_names
from codegen.upstream import redocly
from codegen.upstream.canonical import Canon, Contract, Schema, bare
from codegen.upstream.causes import Change, causes
from codegen.upstream.compare import (
    BREAKING,
    COMPATIBLE,
    SENDABLE,
    Difference,
    Where,
    differences,
)
from codegen.upstream.methods import Method
from codegen.upstream.sources import same_api

EXIT = {"none": 0, BREAKING: 1, COMPATIBLE: 2, "unknown": 3}
_REFUTING = frozenset({"path", "method", "safety", "media type", "body removed", "required"})


@dataclass(frozen=True)
class Report:
    """The result of a comparison."""

    address: str
    how: str
    version: str
    classifier: str
    matched: dict[str, int]
    changes: list[Change] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    refuted: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)
    """References of the upstream that lead to nothing: what they stand for is unknown."""

    @property
    def verdict(self) -> str:
        """The verdict in a word: none, breaking, compatible or unknown."""
        impacts = {change.impact for change in self.changes}
        if BREAKING in impacts:
            return BREAKING
        if self.ambiguous or self.unresolved:
            return "unknown"
        return COMPATIBLE if impacts else "none"


@dataclass(frozen=True)
class Sides:
    """The operations that both specifications have, ours and theirs with our names, by our ids."""

    ours: dict[str, Contract]
    theirs: dict[str, Contract]
    matching: Matching


def sides(document: Document, upstream: Upstream) -> Sides:
    """Match both specifications and convert matching operations to canonical form.

    Raises:
        UpstreamError: The other one is of another API.
    """
    matching = same_api(document, upstream)
    canon, other = Canon(document), Canon(upstream.document)
    ours = {o.id: canon.contract(o) for o in operations(document)}
    listed = {(o.method, o.path): o for o in operations(upstream.document)}
    theirs = {}
    for pair in matching.pairs:
        operation: SpecOperation = listed[pair.theirs.method, pair.theirs.path]
        theirs[pair.ours.id] = _aligned(ours[pair.ours.id], other.contract(operation))
    return Sides(ours, theirs, matching)


def _aligned(ours: Contract, theirs: Contract) -> Contract:
    """Rename their parameters to ours where the name is not sent or case does not matter."""
    names = path_names(ours.path, theirs.path) or {}
    headers = {name.lower(): name for place, name in ours.parameters if place == "header"}
    path = path_in_our_words(ours.path, theirs.path) or theirs.path
    parameters = {}
    for (place, name), parameter in theirs.parameters.items():
        if place == "path":
            name_ = names.get(name, name)
        else:
            name_ = headers.get(name.lower(), name) if place == "header" else name
        parameters[place, name_] = parameter
    return replace(theirs, path=path, parameters=parameters)


def compare(
    document: Document,
    upstream: Upstream,
    methods: Mapping[str, list[Method]],
    *,
    ask_redocly: bool = True,
) -> Report:
    """Compare the vendored specification with another.

    Raises:
        UpstreamError: The other one is of another API, or cannot be walked through.
    """
    both = sides(document, upstream)
    found = [
        difference
        for name, contract in both.theirs.items()
        for difference in differences(name, both.ours[name], contract)
    ]
    found += _unmatched(both.matching)
    opinions = None
    if ask_redocly and found:
        opinions = redocly.verdicts(both.ours, both.theirs)
    rated = list(_rated(found, opinions or []))
    confirmed, refuted = _facts(both, found)
    matched: dict[str, int] = defaultdict(int)
    for pair in both.matching.pairs:
        matched[pair.by] += 1
    return Report(
        address=upstream.address,
        how=upstream.how,
        version=upstream.version,
        classifier=_classifier(opinions is not None, bool(found)),
        matched=dict(matched),
        changes=causes(rated, methods),
        confirmed=confirmed,
        refuted=refuted,
        ambiguous={
            shape.id: [f"{other.id} ({score:.2f})" for other, score in rivals]
            for shape, rivals in both.matching.ambiguous
        },
        unresolved=list(upstream.unresolved),
    )


def _classifier(asked: bool, needed: bool) -> str:
    if asked:
        return f"{redocly.NAME} and own rules, whichever is more severe"
    return "own rules; Redocly was not asked" if needed else "nothing to classify"


def _unmatched(matching: Matching) -> Iterator[Difference]:
    for shape in matching.missing:
        route = f"{shape.method} {shape.path}"
        yield Difference(shape.id, ("operation",), "operation gone", route, None, BREAKING)
    possible = {other.id for _, rivals in matching.ambiguous for other, _ in rivals}
    for shape in matching.added:
        if shape.id not in possible and shape.method in SENDABLE:
            route = f"{shape.method} {shape.path}"
            yield Difference(shape.id, ("operation",), "operation added", None, route, COMPATIBLE)


def _rated(found: list[Difference], opinions: list[redocly.Verdict]) -> Iterator[Difference]:
    """Add Redocly's findings: its rating where it is more severe, and what it alone found."""
    used: set[int] = set()
    for difference in found:
        about = [
            (number, one)
            for number, one in enumerate(opinions)
            if (one.operation, one.where) == (difference.operation, difference.where)
            and _same_matter(one.keyword, difference.kind)
        ]
        used |= {number for number, _ in about}
        severe = any(one.impact == BREAKING for _, one in about)
        if severe and difference.impact != BREAKING:
            yield replace(difference, impact=BREAKING, by=redocly.NAME)
        else:
            by = f"{redocly.NAME}, own rules" if severe else difference.by
            yield replace(difference, by=by)
    told = {
        (difference.operation, where[:2]) for difference in found for where in _places(difference)
    }
    for number, one in enumerate(opinions):
        if number not in used and (one.operation, one.where[:2]) not in told:
            kind = one.message or "other"
            yield Difference(
                one.operation, one.where, kind, None, None, one.impact, by=redocly.NAME
            )


def _places(one: Difference) -> Iterator[Where]:
    """Yield where a difference shows; a rename shows under either name."""
    yield one.where
    if one.kind.endswith("renamed"):
        yield (*one.where[:-1], str(one.after))


def _same_matter(keyword: str, kind: str) -> bool:
    if keyword:
        return kind.startswith(keyword)
    return kind.endswith(("added", "removed"))


def _facts(both: Sides, found: list[Difference]) -> tuple[list[str], list[str]]:
    """Return the inferred facts that the other specification confirms, and those it refutes."""
    states: dict[str, bool] = {}
    by_operation = defaultdict(list)
    for difference in found:
        by_operation[difference.operation].append(difference)
    for name in both.theirs:
        for label, where in _inferred(name, both.ours[name]):
            refuted = any(_refutes(one, where) for one in by_operation[name])
            states[label] = states.get(label, True) and not refuted
    confirmed = sorted(label for label, holds in states.items() if holds)
    return confirmed, sorted(label for label, holds in states.items() if not holds)


def _refutes(one: Difference, where: Where) -> bool:
    if where in {("route",), ("body",)}:
        return one.where == where and one.kind in _REFUTING
    inside = one.where[: len(where)] == where
    return inside and one.kind not in ("model renamed", "property added")


def _inferred(name: str, ours: Contract) -> Iterator[tuple[str, Where]]:
    if ours.evidence == "inferred":
        yield f"{name}: {ours.method} {ours.path}", ("route",)
    for (place, wire), parameter in ours.parameters.items():
        if parameter["~evidence"] == "inferred":
            yield f"{name}: {place} parameter {wire}", (place, wire)
    if ours.body:
        if ours.body["~evidence"] == "inferred":
            yield f"{name}: its body", ("body",)
        yield from _inferred_in(ours.body["schema"], ("body",), f"{name} body")
    if ours.response:
        yield from _inferred_in(ours.response["schema"], ("response",), f"{name} response")


def _inferred_in(schema: Schema, where: Where, label: str) -> Iterator[tuple[str, Where]]:
    label = schema.get("~name", label)
    if schema.get("~evidence") == "inferred" and bare(schema):  # of nothing there is no more to say
        yield label, where
    if "items" in schema:
        yield from _inferred_in(schema["items"], (*where, "[]"), f"{label}[]")
    for name, inner in schema.get("properties", {}).items():
        yield from _inferred_in(inner, (*where, name), f"{label}.{name}")


def overlay(repository: Path) -> Path:
    """Return the directory of the client's methods."""
    return repository / "overlay" / "bytehouse" / "_async"
