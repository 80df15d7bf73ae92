"""What the names of databases, tables, views and columns may be, in statements and in the API.

It is not documented. Refused is what would make paths, addresses or files ambiguous, and what is
longer than 128 bytes; what begins with `.inner` is the engine's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.sql.ddl import read_create
from bytehouse_emulator.sql.lexer import Statement, Token

_BAD: Final = re.compile(r"^\s*$|^\.{1,2}$|^\.inner|[/\\\x00-\x1f\x7f]")
_MAX_BYTES: Final = 128
_IF: Final = frozenset({"IF", "NOT", "EXISTS"})


def check_name(kind: str, name: str) -> None:
    """Refuse a name that no database, table or column can have."""
    if _BAD.search(name) or len(name.encode("utf-8", "replace")) > _MAX_BYTES:
        raise EmulatorError(
            400,
            f"{kind}_InvalidName",
            f"{name[:_MAX_BYTES]!r} cannot be the name of a {kind.lower()}: 1 to {_MAX_BYTES} bytes"
            " without slashes or control characters, other than '.' and '..', and not beginning"
            " with '.inner'.",
        )


def check_created_names(statement: Statement) -> None:
    """Refuse what a statement, as the engine writes it, would create or rename with such a name."""
    for kind, name in _created(statement):
        check_name(kind, name)


def _created(statement: Statement) -> Iterator[tuple[str, str]]:
    found, words = statement.tokens, statement.words
    if words[0] == "CREATE" and (create := read_create(statement)):
        yield create.kind.capitalize(), create.name[-1].name
        for column in create.columns:
            yield "Column", column[0].name
    elif words[:2] == ("CREATE", "DATABASE"):
        yield "Database", next(token.name for token in found[2:] if token.word not in _IF)
    elif words[0] == "RENAME":
        for index, token in enumerate(found[:-1]):
            if token.word == "TO":
                qualified = index + 3 < len(found) and found[index + 2].text == "."
                kind = "Database" if words[1] == "DATABASE" else "Table"
                yield kind, found[index + (3 if qualified else 1)].name
    elif words[0] == "ALTER":
        yield from _columns(found)


def _columns(found: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Return the columns that an ALTER adds or renames to."""
    for index, (token, after) in enumerate(pairwise(found)):
        if token.word in {"ADD", "RENAME"} and after.word == "COLUMN":
            renames = token.word == "RENAME"
            rest = [one for one in found[index + 2 : index + 9] if one.word not in _IF]
            if renames:
                rest = rest[[one.word for one in rest].index("TO") + 1 :]
            yield "Column", rest[0].name
