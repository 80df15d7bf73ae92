"""Refuse statements that would harm the process or reach outside it, by what the engine parses.

A lexer of our own reads names and strings almost as the engine does, and each difference would be a
way around it. So the engine parses each statement and writes it down again, with names as it has
understood them, and that is what is checked: functions against those that are allowed, engines of
tables, sources of dictionaries. Its grants and the constraints of its settings (`engine.py`) do the
rest. Nothing is evaluated for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from bytehouse_emulator.errors import not_modelled, statement_refused
from bytehouse_emulator.sql.ddl import begin_of_select
from bytehouse_emulator.sql.engine import EngineError, EngineSession
from bytehouse_emulator.sql.functions import refused_functions
from bytehouse_emulator.sql.lexer import Statement, Token, is_insert, quote_string, split, tokens
from bytehouse_emulator.sql.names import check_created_names

_ENGINES: Final = frozenset(
    "atomic mergetree replacingmergetree summingmergetree aggregatingmergetree"
    " collapsingmergetree versionedcollapsingmergetree memory null".split()
)
_SOURCES: Final = frozenset({"clickhouse", "null"})
_OF_SOURCE: Final = frozenset({"DB", "TABLE", "USER", "PASSWORD"})
_IN_FORMATTER: Final = re.compile(
    r":?\s*In scope SELECT formatQuerySingleLine\(.*?(?= ?\(\w+\)$|\Z)", re.DOTALL
)
# After a column named `parallel`.
_AFTER_WITH: Final = frozenset({"CUBE", "FILL", "ROLLUP", "TIES", "TOTALS"})
_MARK: Final = "FORMAT Marked"
_STRING: Final = re.compile(r"'(?:[^'\\]++|\\.|'')*+'", re.DOTALL)
# Outside of strings, what our lexer might read in another way than the engine does.
_ODD: Final = re.compile(r"""['`"$\#\\]|[^\x00-\x7f]|--|/\*|//|\{\s*[A-Za-z_]""")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


def parsed(session: EngineSession, text: str) -> str:
    """Return a statement, ready for the engine, as the engine has understood it.

    Raises:
        EmulatorError: It cannot be parsed, or must not run.
    """
    [statement] = split(text)
    if is_insert(statement.tokens):
        return _parsed_insert(session, statement)
    [found] = split(_formatted(session, text))
    _check(session, found)
    return found.text


def parsed_rows(session: EngineSession, rows: str) -> str:
    """Return the rows of an INSERT in the format Values, which alone has expressions.

    Raises:
        EmulatorError: They cannot be parsed, or must not be evaluated.
    """
    outside = _STRING.sub(" ", rows)
    if not _ODD.search(outside):
        names = {name.lower() for name in _WORD.findall(outside)}
        if not names & refused_functions(session).scalar:
            return rows
    found = _formatted(session, f"SELECT {rows.rstrip().removesuffix(';')}")
    _check_calls(session, tokens(found))
    return found.removeprefix("SELECT ")


def _formatted(session: EngineSession, text: str) -> str:
    try:
        [row] = session.rows(f"SELECT formatQuerySingleLine({quote_string(text)}) AS text")
    except EngineError as error:
        error.message = _IN_FORMATTER.sub("", error.message)
        raise
    formatted: str = row["text"]
    return formatted


def _begin_of_data(statement: Statement) -> int | None:
    """Return the index of the token VALUES or FORMAT with which an INSERT of rows begins them."""
    found = statement.tokens
    # After rows with comments among them there are more tokens.
    end = next((i for i, token in enumerate(found) if token.kind == "data"), len(found))
    if end > 2 and found[end - 2].word == "FORMAT":
        return end - 2
    return end - 1 if found[end - 1].word == "VALUES" else None


def _parsed_insert(session: EngineSession, statement: Statement) -> str:
    """Parse what precedes the rows, and make sure that the engine sees them begin there too."""
    found, text = statement.tokens, statement.text
    begin = _begin_of_data(statement)
    # Without rows they come apart from the statement, or from a query.
    start = len(text) if begin is None else found[begin].start
    head = _formatted(session, f"{text[:start]}\n{_MARK}")
    if not head.endswith(_MARK):
        raise statement_refused("where its rows begin is not clear.")
    head = head.removesuffix(_MARK)
    _check(session, split(head)[0])
    if begin is None:
        return head
    last = found[begin + (found[begin].word == "FORMAT")]
    data = text[last.end :]
    if last.name.lower() == "values" and data.strip():
        data = parsed_rows(session, data)
    return f"{head}{text[start : last.end]} {data}"


def _check(session: EngineSession, statement: Statement) -> None:
    found = statement.tokens
    if found[0].word == "CREATE":
        _check_created(found)
    elif not is_insert(found):
        _check_format(found)
    for index, (token, after) in enumerate(pairwise(found)):
        joins = token.word == "PARALLEL" and after.word == "WITH" and not token.depth
        if joins and found[index + 2].word not in _AFTER_WITH:
            raise not_modelled("PARALLEL WITH", "send the statements one by one.")
        if token.word == "INTO" and after.word == "OUTFILE":
            raise statement_refused("Files of the server's machine are out of reach.")
        if token.word == "FROM" and after.word == "INFILE":
            raise statement_refused("Files of the server's machine are out of reach.")
        # The engine writes each command of ALTER in brackets. Snapshots need the right to it.
        if found[0].word == "ALTER" and token.text == "(" and after.word in {"FREEZE", "UNFREEZE"}:
            raise statement_refused("FREEZE writes beside the tables.")
        if token.name.lower() == "log_comment" and after.text == "=":
            raise not_modelled(
                "SET log_comment, or one that is no string",
                "the emulator tells queries apart by it; SETTINGS log_comment = '...' is.",
            )
    _check_calls(session, found)
    check_created_names(statement)


def _check_created(found: Sequence[Token]) -> None:
    words = [token.word for token in found[:6]]
    definition = found[: begin_of_select(found)]
    for index, token in enumerate(definition[:-2]):
        if token.word == "ENGINE" and token.depth == 0:
            name = definition[index + 2].name
            if name.lower() not in _ENGINES:
                raise not_modelled(f"ENGINE = {name}", "it reaches outside the emulator.")
        elif "DICTIONARY" in words and token.word == "SOURCE":
            _check_source(definition[index + 2 :])


def _check_source(found: Sequence[Token]) -> None:
    """Check a dictionary's source from its name on: a table, and no address or query."""
    source = found[0].name
    if source.lower() not in _SOURCES:
        raise not_modelled(f"SOURCE({source})", "it reaches outside the emulator.")
    depth = found[0].depth
    for token in found[1:]:
        if token.depth < depth:
            break
        if token.depth == depth + 1 and token.name and token.word not in _OF_SOURCE:
            raise not_modelled(
                f"SOURCE({source}({token.name} ...))",
                "a dictionary takes a table, by DB and TABLE.",
            )


def _check_format(found: Sequence[Token]) -> None:
    for index, token in enumerate(found[:-1]):
        rest = found[index + 2 :]
        last = not rest or rest[0].word == "SETTINGS"
        if token.word == "FORMAT" and not token.depth and found[index + 1].name and last:
            raise not_modelled("The FORMAT clause", "results travel as JSON; leave the clause out.")


def _check_calls(session: EngineSession, found: Sequence[Token]) -> None:
    """Check each function that is called, or passed to another by its name."""
    names = refused_functions(session)
    within: list[int] = []  # depths of the calls of functions that take a function
    for index, token in enumerate(found[:-1]):
        after, name = found[index + 1], token.name.lower()
        if within and token.text == ")" and token.depth == within[-1]:
            within.pop()
        # The engine writes a call without a space, and a list of columns with one.
        called = after.text == "(" and after.start == token.end
        if called and (name in names.scalar or name in names.table or name == "disk"):
            raise statement_refused(f"{token.name}() reaches outside, or is not allowed.")
        if called and name == "format" and _is_table_function(found[index + 2 :]):
            raise statement_refused("format() as a table is not allowed here.")
        before = found[index - 1].text if index else ""
        passed = bool(within) or before.upper() == "APPLY"
        if passed and name in names.scalar and before != ".":
            raise statement_refused(f"{token.name}() reaches outside, or is not allowed.")
        if within and token.word == "IDENTIFIER" and after.text == "}":
            raise statement_refused("the name of a function cannot be a parameter.")
        if called and name in names.higher_order:
            within.append(token.depth)


def _is_table_function(arguments: Sequence[Token]) -> bool:
    """Return whether these are the arguments of the table function `format`, which begin with the
    name of a format; those of the scalar function begin with a pattern."""
    first = arguments[0]
    return bool(first.name) or (first.kind == "string" and "{" not in first.text)
