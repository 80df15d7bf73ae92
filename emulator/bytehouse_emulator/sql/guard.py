"""Refuse statements that would harm the process, or reach outside it.

The engine's own grants refuse most of them (see `engine.py`). What they do not cover is here: the
scalar function `file` and executable dictionaries need no grant, a FORMAT clause would break the
response, and with a changed `log_comment` a query could not be killed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from bytehouse_emulator.errors import EmulatorError, not_modelled
from bytehouse_emulator.sql.ddl import begin_of_select
from bytehouse_emulator.sql.lexer import Statement, Token, tokens

_STATEMENTS: Final = frozenset(
    "( ALTER CHECK CREATE DELETE DESC DESCRIBE DROP EXCHANGE EXISTS EXPLAIN INSERT KILL OPTIMIZE"
    " RENAME SELECT SET SHOW TRUNCATE UPDATE USE WITH".split()
)
_REFUSED: Final = frozenset("ATTACH BACKUP DETACH GRANT RESTORE REVOKE SYSTEM UNDROP".split())
_CREATED: Final = frozenset(
    "DATABASE SCHEMA TABLE VIEW DICTIONARY TEMPORARY MATERIALIZED OR".split()
)
_FUNCTIONS: Final = frozenset(
    "catboostevaluate executable file filecluster python remote remotesecure url urlcluster".split()
)
_DATA: Final = re.compile("|".join(rf"{name}\W*\(" for name in sorted(_FUNCTIONS)), re.IGNORECASE)
_OBJECT: Final = frozenset("EXISTS INTO TABLE VIEW".split())
_SOURCES: Final = frozenset({"clickhouse", "null"})
_ENGINES: Final = frozenset(
    "cnch atomic cnchmergetree mergetree replacingmergetree summingmergetree aggregatingmergetree"
    " collapsingmergetree versionedcollapsingmergetree memory null".split()
)
_BOUNDS: Final = frozenset({"MAX_EXECUTION_TIME", "MAX_MEMORY_USAGE"})


def check(statement: Statement) -> None:
    """Raise an error for a statement that must not reach the engine."""
    first = statement.tokens[0]
    if first.word in _REFUSED:
        raise _refused(f"{first.word} is not for callers.")
    if (first.word or first.text) not in _STATEMENTS:
        raise EmulatorError(
            400, "Query_SyntaxError", f"No statement begins with {first.text[:40]!r}."
        )
    if first.word == "CREATE":
        _check_created(statement)
    if first.word != "INSERT":
        _check_format(statement.tokens)
    for index, token in enumerate(statement.tokens):
        if token.kind == "data":
            # Of all formats only VALUES has expressions.
            if statement.tokens[index - 1].word == "VALUES" and _DATA.search(token.text):
                _check_calls(tokens(token.text))
        elif token.word in {"OUTFILE", "INFILE"} and index and statement.tokens[index - 1].word:
            raise _refused("Files of the server's machine are out of reach.")
    _check_calls(statement.tokens)
    _check_settings(statement.tokens)


def _refused(reason: str) -> EmulatorError:
    return EmulatorError(403, "Query_AccessDenied", f"The statement is refused: {reason}")


def _check_created(statement: Statement) -> None:
    words = [word for word in statement.words[1:] if word not in {"OR", "REPLACE"}]
    if not words or words[0] not in _CREATED:
        what = " ".join(word for word in statement.words[:2] if word)
        raise not_modelled(what, "databases, tables, views and dictionaries are.")
    found = statement.tokens[: begin_of_select(statement.tokens)]
    for index, token in enumerate(found[:-1]):
        if token.word == "ENGINE" and token.depth == 0:
            start = index + 2 if found[index + 1].text == "=" else index + 1
            if start < len(found) and found[start].name.lower() not in _ENGINES:
                name = found[start].name
                raise not_modelled(f"ENGINE = {name}", "it reaches outside the emulator.")
        elif "DICTIONARY" in words and token.word == "SOURCE" and found[index + 1].text == "(":
            source = found[index + 2].name if index + 2 < len(found) else ""
            if source.lower() not in _SOURCES:
                raise not_modelled(f"SOURCE({source})", "it reaches outside the emulator.")


def _check_format(found: list[Token]) -> None:
    end = next((i for i, t in enumerate(found) if t.word == "SETTINGS" and not t.depth), len(found))
    for tail in (found[:end], found):
        if len(tail) > 3 and tail[-2].word == "FORMAT" and tail[-1].kind == "word":
            raise not_modelled("The FORMAT clause", "results travel as JSON; leave the clause out.")


def _check_calls(found: list[Token]) -> None:
    before: Token | None = None
    for token, after in pairwise(found):
        if (
            after.text == "("
            and token.name.lower() in _FUNCTIONS
            and not (before and (before.text == "." or before.word in _OBJECT))
        ):
            raise _refused(f"{token.name}() reaches outside the emulator.")
        before = token


def _check_settings(found: list[Token]) -> None:
    for name, equals, value in zip(found, found[1:], found[2:], strict=False):
        if equals.text != "=":
            continue
        if name.word == "LOG_COMMENT" and (found[0].word == "SET" or value.kind != "string"):
            raise not_modelled(
                "SET log_comment, or one that is no string",
                "the emulator tells queries apart by it; SETTINGS log_comment = '...' is.",
            )
        if name.word in _BOUNDS and not value.text.strip("'0."):
            raise _refused(f"{name.text} cannot be without a bound.")
