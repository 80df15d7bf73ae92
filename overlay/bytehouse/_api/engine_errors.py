"""Find the SQL engine's own error messages in what the service returns."""

from __future__ import annotations

import re

import attrs

# Such as: Code: 60. DB::Exception: Table default.t does not exist. (UNKNOWN_TABLE)
_PATTERN = re.compile(r"Code:\s*(\d+)[.,]\s*(?:e\.displayText\(\) = )?(DB::Exception.*)", re.DOTALL)
ROLE_HINT = "The role does not exist or lacks the grant: pass role=..., or ask for the permission."
_SEE_TABLES = "What the role may see: `databases.list()` and `tables.list(...)`."
# The engine's numbers.
_NO_TABLE, _NO_DATABASE = "60", "81"
MISSING = (_NO_TABLE, _NO_DATABASE)
"""Those that say that a table or a database does not exist."""
_HINTS = {
    _NO_TABLE: f"{_SEE_TABLES} Name the database too: database.table, or database=...",
    _NO_DATABASE: _SEE_TABLES,
    "497": ROLE_HINT,
}
_NO_VALUE = re.compile(r"Substitution `\w+` is not set|Expected colon between name and type")


@attrs.frozen
class EngineError:
    """Hold an error as the engine writes it: its number, and the whole message."""

    code: str
    message: str


def find_engine_error(text: str) -> EngineError | None:
    """Return the error of the engine in a string; None if there is none."""
    match = _PATTERN.search(text)
    return EngineError(match[1], match[0]) if match else None


def engine_hint(code: str, message: str) -> str:
    """Return what to do about an error of the engine; empty if nothing is known."""
    if _NO_VALUE.search(message):
        return "A parameter has no value: pass params=..."
    return _HINTS.get(code, "")


def engine_code(message: str) -> str:
    """Return the engine's number for an error, from its own message; empty if there is none."""
    error = find_engine_error(message)
    return error.code if error else ""
