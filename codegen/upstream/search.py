"""Take over as much of an upstream as the generator can express, and tell what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from bytehouse_openapi import Document, Upstream, operations
from bytehouse_openapi.parsing import load
from bytehouse_openapi.shape import word
from codegen import raw
from codegen.errors import GenerationError
from codegen.upstream.adoptable import PARTS, Part, Skipped
from codegen.upstream.adoption import Merged, adopted
from codegen.upstream.canonical import Canon, Schema, bare
from codegen.upstream.compare import Where
from codegen.upstream.drift import Sides, sides
from codegen.upstream.pointers import pointer

BROKEN = (GenerationError, LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What a part that cannot be taken over may raise when it is merged or generated."""
_SHOWN = 4


class AdoptionSearch:
    """Finds the parts of an upstream that can be taken over together.

    Args:
        text: The content of openapi.yaml.
        ours: The same, parsed.
        upstream: The upstream specification.
        kept: Schemas that the client imports.
    """

    def __init__(
        self, text: str, ours: Document, upstream: Upstream, kept: Collection[str] = ()
    ) -> None:
        self._text = text
        self._ours = ours
        self._upstream = upstream
        self._kept = kept
        self._refused: dict[Part, str] = {}

    def merged(self) -> Merged:
        """Return openapi.yaml with all parts that can be taken over.

        Raises:
            GenerationError: Our own specification cannot be generated.
            UpstreamError: The upstream is of another API, or cannot be walked through.
        """
        try:
            return self._attempt({})
        except BROKEN:
            both = sides(self._ours, self._upstream)
        pending = dict.fromkeys(_changed(both), "not tried yet")
        try:
            self._attempt(pending)
        except BROKEN as error:
            raise GenerationError(f"openapi.yaml itself cannot be generated: {error}") from error
        self._accept([*pending], dict(pending))
        return self._attempt(self._refused)

    def _accept(self, parts: list[Part], pending: dict[Part, str]) -> None:
        """Take over parts, one half after the other while there is one among them that cannot be.

        Args:
            parts: The parts to try.
            pending: All parts that are not taken over so far; those that can be are removed.
        """
        others = {part: reason for part, reason in pending.items() if part not in parts}
        try:
            self._attempt(others)
        except BROKEN as error:
            if len(parts) == 1:
                self._refused[parts[0]] = f"the generator refuses it: {_line(error)}"
                return
            middle = len(parts) // 2
            self._accept(parts[:middle], pending)
            self._accept(parts[middle:], pending)
        else:
            for part in parts:
                pending.pop(part)

    def _attempt(self, refused: dict[Part, str]) -> Merged:
        """Merge without some parts, and check the result."""
        merged = adopted(self._text, self._ours, self._upstream, refused, self._kept)
        document = load(merged.text, "openapi.yaml")
        raw.check(document)
        check_secrets(self._ours, document, merged)
        return merged


def _changed(both: Sides) -> Iterator[Part]:
    """Yield the parts that differ."""
    for name, theirs in both.theirs.items():
        for part in PARTS:
            fields = ("method", "path") if part == "route" else (part,)
            before, after = ([getattr(c, f) for f in fields] for c in (both.ours[name], theirs))
            if bare(before) != bare(after):
                yield name, part


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."


def check_secrets(before: Document, after: Document, merged: Merged) -> None:
    """Fail if a secret of a specification is no longer marked in another.

    Raises:
        GenerationError: One is not.
    """
    keys = merged.adoptable.keys
    old = dict(_secrets(before))
    for name, spots in _secrets(after):
        known = [[word(keys.get(part, part)) for part in spot] for spot in spots]
        for spot in old[name]:
            plain = [word(part) for part in spot]
            if not any(plain[: len(one)] == one for one in known):
                raise GenerationError(f"{name}: the secret {'.'.join(spot)} would be shown")


def _secrets(document: Document) -> Iterator[tuple[str, list[Where]]]:
    canon = Canon(document)
    for operation in operations(document):
        contract = canon.contract(operation)
        found: list[Where] = []
        for part, content in (("body", contract.body), ("response", contract.response)):
            found += _secret_spots((part,), content["schema"]) if content else ()
        yield operation.id, found


def _secret_spots(where: Where, schema: Schema) -> Iterator[Where]:
    if "~secret" in schema:
        yield where
        return
    for name, inner in schema.get("properties", {}).items():
        yield from _secret_spots((*where, name), inner)
    if "items" in schema:
        yield from _secret_spots((*where, "[]"), schema["items"])


def skipped_lines(merged: Merged, both: Sides, upstream: Upstream) -> list[str]:
    """Return what was renamed or left as it is, a line for each cause."""
    found = merged.adoptable
    lines = [
        f"{ours} is called {theirs} now, in the responses of all operations that have it; "
        "the models keep their attribute, see what reads the name itself"
        for theirs, ours in found.keys.items()
    ]
    lines += [
        f"the header {ours} is called {theirs} now; its argument keeps its name"
        for theirs, ours in found.headers.items()
    ]
    listed = {(o.method, o.path): o for o in operations(upstream.document)}
    theirs = {p.ours.id: listed[p.theirs.method, p.theirs.path] for p in both.matching.pairs}
    cookies = [
        Skipped(name, ("cookie", str(parameter.get("name"))), "the client sends no cookies")
        for name, operation in theirs.items()
        for parameter in operation.parameters
        if parameter.get("in") == "cookie"
    ]
    causes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for part in (*found.skipped, *cookies):
        place = pointer(upstream.document, theirs[part.operation], part.where)
        causes[_shared(place, part), part.reason].append(part.operation)
    for (place, reason), names in causes.items():
        shown = ", ".join(names[:_SHOWN])
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lines.append(f"{place} is left as it is in ours: {reason} ({shown}{more})")
    return lines


def _shared(place: str, part: Skipped) -> str:
    """Return the place for a group: a header that no operation has is told once."""
    return f"header {part.where[1]}" if part.where[0] == "header" else place
