"""Statements of ByteHouse's public documents run as documented, or are a 501 with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.emulator.api import Api
from tests.support.cases import cases

STATEMENTS = Path(__file__).parent / "bytehouse_statements.tsv"
"""One a line, run in order in one session: what is expected, and the statement. `ok` is a success
without rows, a number the status, and JSON the rows."""


def read_statements() -> Iterator[tuple[Any, str]]:
    """Yield what is expected of each statement, and the statement."""
    for line in STATEMENTS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            expected, statement = line.split("\t")
            yield ("ok" if expected == "ok" else json.loads(expected)), statement


@cases(("expected", "statement"), read_statements())
def test_a_documented_statement_runs_or_is_not_modelled(
    api: Api, expected: Any, statement: str
) -> None:
    """A 400 is one that the service documents; a 501 gives the reason."""
    response = api.submit(statement, "clickhouse_sql", session="documented")
    if isinstance(expected, int):
        assert response.status_code == expected, response.text
        error = response.json()["error"]
        assert (error["code"] == "errbook_Emulator_NotModelled") == (expected == 501)
        assert "  " not in error["message"]
        return
    assert response.status_code == 200, response.text
    [result] = response.json()["data"]
    assert result.get("rows", []) == ([] if expected == "ok" else expected)
