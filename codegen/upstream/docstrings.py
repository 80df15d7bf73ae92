"""Update the routes and their evidence in the docstrings of the client after an adoption."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from bytehouse_openapi import Document, SpecOperation, operations
from codegen.upstream.methods import ROUTE

WIDTH = 100
_EVIDENCE = re.compile(r"\b(?:documented|inferred)\b(?:, deprecated)?")
_KEPT = "\0"
"""Stands for the space in a route, at which no line may be broken."""

Routes = Mapping[str, tuple[str, str]]
"""The new route and its evidence, by the old route."""


def rename(sources: Path, before: Document, after: Document) -> None:
    """Update the modules of a package to the changes between two versions of openapi.yaml."""
    told = {o.id: (f"{o.method} {o.path}", _evidence(o)) for o in operations(after)}
    routes = {f"{o.method} {o.path}": told[o.id] for o in operations(before)}
    for module in sorted(sources.rglob("*.py")):
        text = module.read_text("utf-8")
        if (new := renamed(text, routes)) != text:
            module.write_text(new, "utf-8")


def _evidence(operation: SpecOperation) -> str:
    deprecated = ", deprecated" if operation.node.get("deprecated") is True else ""
    return f"{operation.node['x-evidence']}{deprecated}"


def renamed(text: str, routes: Routes) -> str:
    """Return the source of a module with new routes; paragraphs with one are rewrapped."""
    lines: list[str] = []
    for indent, group in groupby(text.split("\n"), _indent):
        lines += _paragraph(list(group), indent, routes)
    return "\n".join(lines)


def _indent(line: str) -> int:
    """Return the indentation of a line; -1 for one that ends a paragraph."""
    plain = line.strip() and '"""' not in line
    return len(line) - len(line.lstrip()) if plain else -1


def _paragraph(lines: list[str], indent: int, routes: Routes) -> Iterator[str]:
    before = after = " ".join(line.strip() for line in lines)
    # From the end, so that earlier positions stay valid.
    for found in reversed(list(ROUTE.finditer(before))):
        if known := routes.get(found[1]):
            route, evidence = known
            rest = _EVIDENCE.sub(evidence, after[found.end() :], count=1)
            after = f"{after[: found.start()]}`{route.replace(' ', _KEPT)}`{rest}"
    if indent < 0 or after.replace(_KEPT, " ") == before:
        yield from lines
        return
    wrapped = textwrap.wrap(after, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    yield from (" " * indent + line.replace(_KEPT, " ") for line in wrapped)
