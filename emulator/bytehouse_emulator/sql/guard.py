"""Refuse what is no statement of callers, before it is translated.

What a statement would do is checked afterwards, by what the engine parses of it: `parsed.py`.
"""

from __future__ import annotations

from typing import Final

from bytehouse_emulator.errors import not_modelled, statement_refused, syntax_error
from bytehouse_emulator.sql.lexer import Statement

_STATEMENTS: Final = frozenset(
    "( ALTER CHECK CREATE DELETE DESC DESCRIBE DROP EXCHANGE EXISTS EXPLAIN INSERT KILL OPTIMIZE"
    " RENAME SELECT SET SHOW TRUNCATE UPDATE USE WITH".split()
)
_REFUSED: Final = frozenset("ATTACH BACKUP DETACH GRANT RESTORE REVOKE SYSTEM UNDROP".split())
_CREATED: Final = frozenset(
    "DATABASE SCHEMA TABLE VIEW DICTIONARY TEMPORARY MATERIALIZED OR".split()
)


def check(statement: Statement) -> None:
    """Raise an error for a statement of a kind that must not reach the engine."""
    first = statement.tokens[0]
    if first.word in _REFUSED:
        raise statement_refused(f"{first.word} is not for callers.")
    if (first.word or first.text) not in _STATEMENTS:
        raise syntax_error(f"no statement begins with {first.text[:40]!r}.")
    if first.word == "CREATE":
        words = [word for word in statement.words[1:] if word not in {"OR", "REPLACE"}]
        if not words or words[0] not in _CREATED:
            what = " ".join(word for word in statement.words[:2] if word)
            raise not_modelled(what, "databases, tables, views and dictionaries are.")
