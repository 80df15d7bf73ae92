"""`ansi_sql` means what the standard, or ByteHouse's open-source core, means, on both doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

STATEMENTS = Path(__file__).parent / "ansi_statements.tsv"
"""One a line: the rows or the status that are expected, the statement, and, where the engine cannot
do it, what the emulator returns instead."""


def read_statements() -> Iterator[tuple[Any, str]]:
    """Yield what the emulator returns for each statement, and the statement."""
    for line in STATEMENTS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            expected, statement, *instead = line.split("\t")
            yield json.loads(instead[0] if instead else expected), statement


def test_ansi_sql_is_alike_on_both_doors(api: Api, emulator: RunningEmulator) -> None:
    """The same rows, or an error, by `mode` of the API and by `dialect_type` of ClickHouse."""
    host = f"http://127.0.0.1:{emulator.clickhouse_port}"
    parameters = {"dialect_type": "ANSI", "default_format": "JSONCompact"}
    wrong = []
    with httpx.Client(
        base_url=host, auth=("bytehouse", emulator.token), params=parameters, trust_env=False
    ) as clickhouse:
        for expected, statement in read_statements():
            response = api.submit(statement)
            other = clickhouse.post("/", content=statement)
            if isinstance(expected, int):
                alike = response.status_code == expected and other.status_code >= 400
            else:
                alike = response.is_success and response.json()["data"][0]["rows"] == expected
                alike = alike and other.is_success and other.json()["data"] == expected
            if not alike:
                wrong.append((statement, response.text, other.text))
    assert wrong == []


@pytest.mark.parametrize("statement", ["SET extremes = 1", "SELECT 1 SETTINGS extremes = 1"])
def test_what_a_response_has_no_place_for_is_refused(api: Api, statement: str) -> None:
    """Totals and extremes are not left out in silence, wherever they stand."""
    assert api.refused(statement)[0] == 501
    totals = "SELECT number, count() FROM numbers(2) GROUP BY number WITH TOTALS"
    for query in (totals, f"({totals})", f"SELECT * FROM ({totals})"):
        assert api.refused(query)[0] == 501
