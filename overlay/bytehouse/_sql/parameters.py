"""Find the parameters of a statement, and write their values into it as literals."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InvalidArgument
from .literals import Identifier, literal


def _quoted(quote: str) -> str:
    return rf"{quote}(?:[^{quote}\\]|\\.|{quote}{quote})*+(?:{quote}|\\?\Z)"


def _comment(depth: int = 3) -> str:
    """Return a pattern of nested comments; one that is nested deeper extends to the end."""
    inner = _comment(depth - 1) if depth else r"/\*.*"
    return rf"/\*(?:(?!\*/|/\*).|{inner})*+(?:\*/|\Z)"


# What a placeholder cannot be inside: strings, quoted names, comments, here-documents and words.
# What is not closed extends to the end, so that no value can close it.
SKIPPED = rf"""
      {_quoted("'")} | {_quoted('"')} | {_quoted("`")}
    | \u2018[^\u2019]*+(?:\u2019|\Z) | \u201c[^\u201d]*+(?:\u201d|\Z)
    | --[^\n]* | \#[^\n]* | {_comment()} | \$(?P<tag>\w*)\$(?:.*?\$(?P=tag)\$|.*) | \w[\w$]*+
"""
_PERCENT = r"%\((?P<name>[^()]+)\)s | %%"
_PERCENT_TOKEN = re.compile(f"{SKIPPED} | {_PERCENT}", re.VERBOSE | re.DOTALL)
_TOKEN = re.compile(
    rf"""{SKIPPED} | {_PERCENT.replace("name", "key")}
    | \{{\s*(?P<name>[A-Za-z_]\w*)\s*
        (?::\s*(?P<type>(?:[^{{}}'"`]|{_quoted("'")}|{_quoted('"')}|{_quoted("`")})*+))?\}}
    """,
    re.VERBOSE | re.DOTALL,
)


def bind(sql: str, params: Mapping[str, object] | None) -> str:
    """Return a statement with the values of its parameters written into it as literals.

    A parameter is ``{name}``, ``{name:Type}`` (the value is cast to the type) or ``%(name)s``,
    outside of strings, quoted names and comments. Without `params` the statement is returned
    unchanged.

    Raises:
        InvalidArgument: A parameter has no value, a value no parameter, or a value no literal.
    """
    if params is None:
        return sql
    if not isinstance(params, Mapping):
        raise InvalidArgument("params must map the names of parameters to values.")
    used: set[str] = set()

    def replacement(found: re.Match[str]) -> str:
        name = found["name"] or found["key"]
        if name is None:
            return found[0]
        used.add(name)
        return _replacement(found, params, name, found["type"])

    bound = _TOKEN.sub(replacement, sql)
    if unused := [str(name) for name in params if name not in used]:
        raise InvalidArgument(f"The statement has no parameter {', '.join(unused)}.")
    return bound


def parameter_types(sql: str) -> dict[str, str | None]:
    """Return the parameters of a statement with their types; None for one that has none."""
    return {
        found["name"] or found["key"]: found["type"] and found["type"].strip()
        for found in _TOKEN.finditer(sql)
        if found["name"] or found["key"]
    }


def bind_pyformat(sql: str, params: Mapping[str, object]) -> str:
    """Return a statement with its ``%(name)s`` replaced by literals, and ``%%`` by a percent sign.

    This is what DB-API tools expect: braces have no meaning, percent signs are doubled in strings
    too, and values that the statement does not use are ignored.

    Raises:
        InvalidArgument: A parameter has no value, or a value no literal.
    """
    if not isinstance(params, Mapping):
        raise InvalidArgument("Parameters must be a mapping: the statement names them.")

    def replacement(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0].replace("%%", "%")
        return _replacement(found, params, name)

    return _PERCENT_TOKEN.sub(replacement, sql)


def _replacement(
    found: re.Match[str], params: Mapping[str, object], name: str, type_: str | None = None
) -> str:
    """Return the literal of a parameter, with spaces where it would merge with what is beside."""
    if name not in params:
        known = ", ".join(map(str, params)) or "none"
        raise InvalidArgument(f"The parameter {found[0]} has no value. Given: {known}.")
    text = _parameter_literal(params[name], type_, name)
    before = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    left = " " if _merges(before, text[0]) else ""
    return f"{left}{text}{' ' if _merges(after, text[-1]) else ''}"


def _merges(beside: str, edge: str) -> bool:
    return beside.isalnum() or beside in {*"_$'\"`{}%"} or (beside == "." and edge.isalnum())


def _parameter_literal(value: object, type_: str | None, name: str) -> str:
    try:
        if type_ is None:
            return literal(value)
        if type_.strip() == "Identifier":
            return str(value if isinstance(value, Identifier) else Identifier(str(value)))
        return f"CAST({literal(value)} AS {type_.strip()})"
    except InvalidArgument as error:
        raise InvalidArgument(f"The parameter {name}: {error.message}", hint=error.hint) from None
    except RecursionError:
        raise InvalidArgument(
            f"The parameter {name} is nested too deeply, or holds itself."
        ) from None
