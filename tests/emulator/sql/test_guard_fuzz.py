"""Statements that are written in unusual ways reach no more than those that are not."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.api import Api
from tests.emulator.sql.test_guard import (
    CLAUSES,
    FROMS,
    REFERENCES,
    REFUSED,
    SECRET,
    VALUES,
    limited,
)

__all__ = ["limited"]

CORPUS = Path(__file__).with_name("guard_corpus.sql")
STATEMENTS = [clause.format(value) for clause in CLAUSES for value in VALUES]
STATEMENTS += [clause.format(reference) for clause in FROMS for reference in REFERENCES]
_NAME = re.compile(r"(?<![`\w'])([a-z]\w*)(?![`\w'])")


def _escaped(name: str) -> str:
    return "`" + "".join(f"\\x{ord(c):02x}" for c in name) + "`"


CHANGES = st.sampled_from(
    [
        str.upper,
        lambda text: text.replace(" ", "/**/"),
        lambda text: text.replace(" ", "\n-- x\n"),
        lambda text: text.replace("(", " /* ( */ ("),
        lambda text: text.replace(".", " . "),
        lambda text: _NAME.sub(lambda found: f"`{found[1]}`", text),
        lambda text: _NAME.sub(lambda found: f'"{found[1]}"', text),
        lambda text: _NAME.sub(lambda found: _escaped(found[1]), text),
        lambda text: f"{text} FORMAT Null",
        lambda text: f"{text} SETTINGS max_execution_time = 0e0",
        lambda text: f"({text})",
        lambda text: f"{text};{text}",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(STATEMENTS), st.lists(CHANGES, max_size=4))
def test_no_way_to_write_a_statement_reads_what_its_role_may_not(
    limited: Api, statement: str, changes: list[object]
) -> None:
    """Comments, case, quotes and escapes: nothing of the secret comes out."""
    for change in changes:
        statement = change(statement)  # type: ignore[operator]
    assert SECRET not in limited.submit(statement).text, statement


def test_what_was_found_before_stays_mended(limited: Api) -> None:
    """Each line of the corpus got through once, or is written as what did."""
    for statement in CORPUS.read_text().splitlines():
        response = limited.submit(statement)
        assert response.status_code in REFUSED, statement
        assert SECRET not in response.text, statement
