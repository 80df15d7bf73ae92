"""Find the tables that a query names, before anything of it is evaluated.

The engine's own query tree resolves names, but by then it has run the scalar subqueries, and some
of them are gone from it: `SELECT (SELECT groupArray(s) FROM secret)` is a constant there. The
syntax tree has all of them, as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bytehouse_emulator.sql.engine import EngineSession

_LINE: Final = re.compile(r"( *)(\w+) ?(.*)", re.DOTALL)
_ALIAS: Final = re.compile(r" \(alias .*\)$| \(children \d+\)$")
_IN: Final = re.compile(r"(global)?(not)?(null)?in(ignoreset)?", re.IGNORECASE)


class Reference(NamedTuple):
    """The name of a table as it is written, or of a table function."""

    name: str
    is_function: bool = False


def references(session: EngineSession, text: str) -> Iterator[Reference]:
    """Return what a query reads from, names of its own subqueries (CTEs) among them."""
    parents: list[str] = []
    for row in session.rows(f"EXPLAIN AST {text}"):
        match = _LINE.fullmatch(row["explain"])
        if not match:
            continue
        indent, kind, rest = match.groups()
        del parents[len(indent) :]
        name = rest
        while stripped := _ALIAS.search(name):
            name = name[: stripped.start()]
        if kind == "TableIdentifier":
            yield Reference(name)
        elif kind == "Function" and parents[-1:] == ["TableExpression"]:
            yield Reference(name, is_function=True)
        elif kind == "Identifier" and _IN.fullmatch("".join(parents[-2:-1])):
            # `x IN t` reads the table t.
            yield Reference(name)
        parents.append(name if kind == "Function" else kind)
