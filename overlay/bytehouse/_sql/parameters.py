"""Find the parameters of a statement, and write their values into it as literals."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InvalidArgument
from .literals import Identifier, literal

__all__ = ["bind", "bind_pyformat"]


def _quoted(quote: str) -> str:
    return rf"{quote}(?:[^{quote}\\]|\\.|{quote}{quote})*+(?:{quote}|\\?\Z)"


def _comment(depth: int = 3) -> str:
    """Return what matches a comment with others in it; those that are deeper never end."""
    inner = _comment(depth - 1) if depth else r"/\*.*"
    return rf"/\*(?:(?!\*/|/\*).|{inner})*+(?:\*/|\Z)"


# What must be passed over to find a placeholder: texts, quoted names, comments, here-documents and
# words. What is not closed goes on to the end, so that no value can close it.
_OPAQUE = rf"""
      {_quoted("'")} | {_quoted('"')} | {_quoted("`")}
    | \u2018[^\u2019]*+(?:\u2019|\Z) | \u201c[^\u201d]*+(?:\u201d|\Z)
    | --[^\n]* | \#[^\n]* | {_comment()} | \$(?P<tag>\w*)\$(?:.*?\$(?P=tag)\$|.*) | \w[\w$]*+
"""
_PERCENT = r"%\((?P<name>[^()]+)\)s | %%"
_PERCENT_TOKEN = re.compile(f"{_OPAQUE} | {_PERCENT}", re.VERBOSE | re.DOTALL)
_TOKEN = re.compile(
    rf"""{_OPAQUE} | {_PERCENT.replace("name", "key")}
    | \{{\s*(?P<name>[A-Za-z_]\w*)\s*
        (?::\s*(?P<type>(?:[^{{}}'"`]|{_quoted("'")}|{_quoted('"')}|{_quoted("`")})*+))?\}}
    """,
    re.VERBOSE | re.DOTALL,
)


def bind(sql: str, params: Mapping[str, object] | None) -> str:
    """Return a statement with the values of its parameters written into it as literals.

    A parameter is ``{name}``, ``{name:Type}`` (the value is cast to the type) or ``%(name)s``,
    outside of texts, quoted names and comments. Without `params` the statement is returned as it
    is.

    Raises:
        InvalidArgument: A parameter has no value, a value no parameter, or a value no literal.
    """
    if params is None:
        return sql
    if not isinstance(params, Mapping):
        raise InvalidArgument("params must map the names of parameters to values.")
    used: set[str] = set()

    def written(found: re.Match[str]) -> str:
        name = found["name"] or found["key"]
        if name is None:
            return found[0]
        if name not in params:
            known = ", ".join(map(str, params)) or "none"
            raise InvalidArgument(f"The parameter {found[0]} has no value. Given: {known}.")
        used.add(name)
        return _apart(found, _typed(params[name], found["type"], name))

    bound = _TOKEN.sub(written, sql)
    if unused := [str(name) for name in params if name not in used]:
        raise InvalidArgument(f"The statement has no parameter {', '.join(unused)}.")
    return bound


def bind_pyformat(sql: str, params: Mapping[str, object]) -> str:
    """Return a statement with its ``%(name)s`` written out, and ``%%`` as a percent sign.

    This is what tools expect that speak DB-API: braces mean nothing, a percent sign is doubled in
    texts too, and values that the statement does not use are passed over.

    Raises:
        InvalidArgument: A parameter has no value, or a value no literal.
    """
    if not isinstance(params, Mapping):
        raise InvalidArgument("Parameters must be a mapping: the statement names them.")

    def written(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0].replace("%%", "%")
        if name not in params:
            raise InvalidArgument(f"The parameter {found[0]} has no value.")
        return _apart(found, _typed(params[name], None, name))

    return _PERCENT_TOKEN.sub(written, sql)


def _apart(found: re.Match[str], text: str) -> str:
    """Keep a literal from growing together with what stands beside it: a text, a number, a name."""
    before = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    left = " " if _joins(before, text[0]) else ""
    return f"{left}{text}{' ' if _joins(after, text[-1]) else ''}"


def _joins(beside: str, edge: str) -> bool:
    return beside.isalnum() or beside in {*"_$'\"`{}%"} or (beside == "." and edge.isalnum())


def _typed(value: object, type_: str | None, name: str) -> str:
    try:
        if type_ is None:
            return literal(value)
        if type_.strip() == "Identifier":
            return str(value if isinstance(value, Identifier) else Identifier(str(value)))
        return f"CAST({literal(value)} AS {type_.strip()})"
    except InvalidArgument as error:
        raise InvalidArgument(f"The parameter {name}: {error.message}", hint=error.hint) from None
