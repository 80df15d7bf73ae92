"""Write settings of the engine into statements, as their SETTINGS clause."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from .._core.options import SettingValue
from ..errors import InvalidArgument
from .lexer import READS, Statement, statements
from .literals import literal

__all__ = ["with_settings"]

# Of others, such as CREATE, the clause means something else, or there is none.
_TAKE_SETTINGS = READS | frozenset("INSERT ALTER DROP TRUNCATE OPTIMIZE RENAME KILL CHECK".split())
_is_name = re.compile(r"[A-Za-z_]\w*").fullmatch
_COMMENT = "log_comment"


def with_settings(
    sql: str,
    settings: Mapping[str, SettingValue] | None,
    tags: Mapping[str, str],
    *,
    required: bool = True,
) -> str:
    """Return statements with settings and tags in the SETTINGS clause of each.

    Args:
        sql: The statements; of an INSERT, the part up to VALUES will do.
        settings: Settings by name.
        tags: Tags, as a JSON object in the setting ``log_comment``; a statement that takes no
            settings has none.
        required: Whether each statement must take the settings.

    Raises:
        InvalidArgument: A name or value is invalid, a statement sets one of them itself, or takes
            no settings.
    """
    pairs = {name: _setting(name, value) for name, value in (settings or {}).items()}
    required = required and bool(pairs)
    if tags:
        if _COMMENT in pairs:
            raise InvalidArgument(f"tags are the setting {_COMMENT}, which settings= sets too.")
        pairs[_COMMENT] = literal(json.dumps(tags, ensure_ascii=False, sort_keys=True))
    for statement in reversed([*statements(sql)] if pairs else []):
        if statement.words[0] in _TAKE_SETTINGS:
            sql = _insert_clause(sql, statement, pairs)
        elif required:
            raise InvalidArgument(
                f"settings= cannot be given for {statement.words[0]}, which has no SETTINGS clause "
                "for them.",
                hint="Run `SET name = value` before it in a session: `bh.session()`.",
            )
    return sql


def _setting(name: object, value: object) -> str:
    if not isinstance(name, str) or not _is_name(name):
        raise InvalidArgument(f"{name!r} is not the name of a setting.")
    if not isinstance(value, bool | int | float | str):
        raise InvalidArgument(
            f"The setting {name} must be a number, a string or a bool, not {value!r:.100}."
        )
    text = literal(int(value) if isinstance(value, bool) else value)
    return text[1:-1] if text.startswith("(") else text


def _insert_clause(sql: str, statement: Statement, pairs: Mapping[str, str]) -> str:
    words = statement.outer_words
    last = next((i for i, word in enumerate(words) if word in ("VALUES", "FORMAT")), len(words))
    if words[0] != "INSERT" or not {"SELECT", "WITH"}.isdisjoint(words[:last]):
        last = len(words)
    at = statement.tokens[last - 1].end()
    own = _own_clause(words, last)
    names = set() if own is None else _names_in(statement, words[own:last], own)
    if twice := [name for name in pairs if name in names]:
        raise InvalidArgument(f"The statement sets {twice[0]} itself, and settings= or tags= too.")
    clause = ", ".join(f"{name} = {text}" for name, text in pairs.items())
    return f"{sql[:at]}{', ' if names else ' SETTINGS '}{clause}{sql[at:]}"


def _own_clause(words: Sequence[str], last: int) -> int | None:
    """Return where the settings of a statement's own clause begin; None if it has none."""
    for at in range(last - 3, 0, -1):
        if words[at] == "SETTINGS" and _is_name(words[at + 1]) and words[at + 2] == "=":
            return at + 1
    return None


def _names_in(statement: Statement, words: Sequence[str], begin: int) -> set[str]:
    """Return the names that a clause sets, which must reach to the end of the statement."""
    names, at = set(), 0
    while at < len(words):
        width = 4 if words[at + 2 : at + 3] in (["-"], ["+"]) else 3
        if words[at + 1 : at + 2] != ["="] or words[at + width : at + width + 1] not in ([], [","]):
            raise InvalidArgument(
                "settings= and tags= cannot be added to the SETTINGS of this statement.",
                hint="Give all settings in the statement, or all in settings=.",
            )
        names.add(statement.tokens[begin + at][0])
        at += width + 1
    return names
