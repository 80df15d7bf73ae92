"""Translate a statement of ByteHouse's SQL into the engine's.

Three things differ: tables have clauses of their own (see `ddl.py`), `ansi_sql` makes columns
nullable unless they are declared otherwise, and database names are case-insensitive: they are
stored in lower case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from bytehouse_emulator.sql.ddl import (
    Clauses,
    Edit,
    apply,
    column_nullability,
    nullability,
    read_create,
    translate,
)
from bytehouse_emulator.sql.engine import QUERY_LOG
from bytehouse_emulator.sql.guard import check
from bytehouse_emulator.sql.lexer import Statement, Token, split, split_at_commas, string_value
from bytehouse_emulator.sql.overwrite import Overwrite, read_overwrite
from bytehouse_emulator.sql.unmodelled import refuse_unmodelled

Mode = Literal["ansi_sql", "clickhouse_sql"]
# What else the dialect means, by the settings that ByteHouse's open-source core switches for it;
# correlated subqueries and NULL for the keys that ROLLUP leaves out are those of its optimizer,
# which the dialect switches on (inferred).
ANSI_SETTINGS: Final = {
    "allow_correlated_subqueries": "1",
    "cast_keep_nullable": "1",
    "enable_positional_arguments": "1",
    "except_default_mode": "'DISTINCT'",
    "force_grouping_standard_compatibility": "1",
    "group_by_use_nulls": "1",
    "intersect_default_mode": "'DISTINCT'",
    "join_use_nulls": "1",
    "prefer_column_name_to_alias": "1",
    "union_default_mode": "'DISTINCT'",
}

_WITH_OUTPUT: Final = frozenset("CHECK DESC DESCRIBE EXISTS EXPLAIN KILL SHOW".split())


@dataclass(slots=True, frozen=True)
class Prepared:
    """A statement that is ready for the engine, and what needs to be known of it afterwards."""

    text: str
    returns_rows: bool
    words: tuple[str, ...]
    database: str = ""
    table: tuple[str, str] | None = None
    clauses: Clauses | None = None
    log_comment: str = ""
    reads_log: bool = False
    overwrite: Overwrite | None = None

    @property
    def has_output(self) -> bool:
        """Whether it has a result, be it a SELECT or not."""
        return self.returns_rows or self.words[0] in _WITH_OUTPUT


def prepare(statement: Statement, mode: Mode, databases: Callable[[], Collection[str]]) -> Prepared:
    """Check a statement and translate it."""
    refuse_unmodelled(statement)
    check(statement)
    lowered = apply(statement.text, _lower_databases(statement, databases))
    if lowered != statement.text:
        # Lower-casing moves nothing, but the names are taken from the tokens below.
        statement = split(lowered)[0]
    overwrite = read_overwrite(statement)
    if overwrite:
        statement = split(f"INSERT INTO {overwrite.target}{overwrite.rest}")[0]
    edits: list[Edit] = []
    clauses = None
    if create := read_create(statement):
        edits, clauses = translate(create)
        if mode == "ansi_sql" and create.kind == "TABLE":
            edits += nullability(create)
    elif statement.words[:2] == ("ALTER", "TABLE") and mode == "ansi_sql":
        edits = _alter_nullability(statement)
    elif statement.words[0] == "CREATE":
        edits = _database_engine(statement)
    log_comment, without = _log_comment(statement)
    log = _query_log(statement)
    edits += [*without, *log]
    return Prepared(
        apply(statement.text, edits),
        statement.returns_rows,
        statement.words,
        next((token.name for token in _named_databases(statement)), ""),
        _table(create.name if create else _insert_target(statement)),
        clauses,
        log_comment,
        bool(log),
        overwrite,
    )


def _log_comment(statement: Statement) -> tuple[str, list[Edit]]:
    """Return the setting log_comment of a statement, and the edits that remove it."""
    found = statement.tokens
    if found[0].word == "SET":
        return "", []
    for at in range(1, len(found) - 2):
        name, value, before = found[at], found[at + 2], found[at - 1]
        if name.word == "LOG_COMMENT" and found[at + 1].text == "=" and value.kind == "string":
            after = found[at + 3] if at + 3 < len(found) else None
            if after and after.text == ",":
                edit = Edit(name.start, after.end, "")
            else:
                edit = Edit(before.start, value.end, "")
            text = string_value("'" + value.text[1:-1].replace("''", "\\'") + "'")
            return text or "", [edit]
    return "", []


def _query_log(statement: Statement) -> list[Edit]:
    """Replace the engine's query log by its rows about callers, under the ids that they know."""
    found = statement.tokens
    return [
        Edit(a.start, c.end, QUERY_LOG)
        for a, b, c in zip(found, found[1:], found[2:], strict=False)
        if a.name.lower() == "system" and b.text == "." and c.name.lower() == "query_log"
    ]


def _database_engine(statement: Statement) -> list[Edit]:
    """Remove ENGINE = Cnch, whose counterpart is the engine's default."""
    found = statement.tokens
    return [
        Edit(a.start, c.end, "")
        for a, b, c in zip(found, found[1:], found[2:], strict=False)
        if a.word == "ENGINE" and b.text == "=" and c.name.lower() == "cnch"
    ]


def _table(name: list[Token]) -> tuple[str, str] | None:
    names = [token.name for token in name if token.name]
    if not names:
        return None
    return (names[0], names[1]) if len(names) > 1 else ("", names[0])


def _insert_target(statement: Statement) -> list[Token]:
    found = statement.tokens
    if statement.words[:2] != ("INSERT", "INTO"):
        return []
    start = 3 if statement.words[2:3] == ("TABLE",) else 2
    end = start + (3 if len(found) > start + 2 and found[start + 1].text == "." else 1)
    return found[start:end]


def _alter_nullability(statement: Statement) -> list[Edit]:
    edits: list[Edit] = []
    for command in split_at_commas(statement.tokens, 0):
        words = [token.word for token in command]
        if "COLUMN" in words and "ADD" in words[: words.index("COLUMN")]:
            start = words.index("COLUMN") + 1
            start += 3 if words[start : start + 3] == ["IF", "NOT", "EXISTS"] else 0
            ends = (i for i in range(start, len(words)) if words[i] in {"AFTER", "FIRST"})
            edits += column_nullability(command[start : next(ends, len(words))])
    return edits


def _lower_databases(statement: Statement, databases: Callable[[], Collection[str]]) -> list[Edit]:
    found = [*_named_databases(statement)]
    qualified = [*_qualifiers(statement)]
    if qualified:
        known = databases()
        # A name that is also used alone is an alias or a column, and these keep their case.
        alone = {t.name for t in _not_qualifiers(statement)}
        found += [t for t in qualified if t.name.lower() in known and t.name not in alone]
    return [Edit(t.start, t.end, t.text.lower()) for t in found if t.text != t.text.lower()]


def _named_databases(statement: Statement) -> list[Token]:
    """Find the names that can only be those of databases, as in USE and CREATE DATABASE."""
    found, words = statement.tokens, statement.words
    if words[0] == "USE":
        return found[2:3] if words[1:2] == ("DATABASE",) else found[1:2]
    if words[0] == "SHOW" and {"TABLES", "DICTIONARIES"} & set(words[:4]):
        return [b for a, b in pairwise(found) if a.word in {"FROM", "IN"}][:1]
    place = next((i for i, word in enumerate(words) if word in {"DATABASE", "SCHEMA"}), 0)
    if not place or words[0] not in {"CREATE", "DROP", "SHOW", "EXISTS", "ALTER", "RENAME"}:
        return []
    start = place + 1
    while start < len(found) and found[start].word in {"IF", "NOT", "EXISTS"}:
        start += 1
    names = found[start : start + 1]
    if words[0] == "RENAME":
        names += [b for a, b in pairwise(found) if a.word == "TO"]
    return names


def _qualifiers(statement: Statement) -> list[Token]:
    found = statement.tokens
    return [
        token
        for i, token in enumerate(found[:-2])
        if found[i + 1].text == "."
        and token.name != token.name.lower()
        and (i == 0 or found[i - 1].text != ".")
    ]


def _not_qualifiers(statement: Statement) -> list[Token]:
    found = statement.tokens
    return [
        token
        for i, token in enumerate(found)
        if token.name and (i + 1 == len(found) or found[i + 1].text != ".")
    ]
