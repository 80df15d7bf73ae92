"""The documented coverage is what was observed."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.emulator.spec.tour import Tour
from tests.support.operations import DOCUMENTED, MODELLED

TOKEN = secrets.token_urlsafe()
UPDATE = "BYTEHOUSE_UPDATE_COVERAGE"
OUT_OF_DATE = (
    f"out of date: run this test again with {UPDATE}=1 in the environment, then `make generate`"
)


@pytest.fixture(scope="module")
def observed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Call every operation on an emulator that records what each uses."""
    import_dir = tmp_path_factory.mktemp("import")
    command = [sys.executable, "-m", "tests.emulator.spec.traced", "--exit-with-stdin"]
    process = subprocess.Popen(
        [*command, "--validate-answers", f"--import-dir={import_dir}"],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BYTEHOUSE_EMULATOR_TOKEN": TOKEN},
    )
    assert process.stdout
    words = process.stdout.readline().split()
    emulator = RunningEmulator(process, words[3], TOKEN, int(words[5]))
    try:
        tour = Tour(emulator, import_dir)
        tour.walk()
        assert tour.done == MODELLED >= set(DOCUMENTED)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{emulator.url}/_emulator/trace"
        trace = httpx.get(url, headers=headers, trust_env=False).json()
    finally:
        assert emulator.stop() == 0
        process.stdout.close()
    return {
        name: {
            "engine": "engine" in trace[name],
            "state": "state" in trace[name],
            "errors": sorted(tour.errors[name]),
        }
        for name in OPERATIONS
        if name in MODELLED
    }


def test_the_coverage_file_is_what_was_observed(root: Path, observed: dict[str, Any]) -> None:
    """Every operation succeeds with a valid response, and the file lists what it used."""
    path = root / "emulator/bytehouse_emulator/spec/coverage.json"
    lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(o)}" for n, o in observed.items())
    text = f"{{\n{lines}\n}}\n"
    if os.environ.get(UPDATE):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, OUT_OF_DATE


def test_the_coverage_of_sql_is_that_of_its_tests(root: Path) -> None:
    """The tests of these files run each statement; the page counts how they end."""
    counts: dict[str, Counter[str]] = {}
    for name in ("bytehouse_statements", "ansi_statements"):
        group = ""
        text = (root / f"tests/emulator/sql/{name}.tsv").read_text("utf-8")
        for line in filter(None, text.splitlines()):
            if line.startswith("#"):
                group = line[2:] if name.startswith("bytehouse") else f"ansi_sql: {line[2:]}"
                continue
            expected, _, *instead = line.split("\t")
            ends = {"501": "501", "400": "refused", "403": "refused"}
            end = "known difference" if instead else ends.get(expected, "runs")
            counts.setdefault(group, Counter())[end] += 1
    path = root / "emulator/bytehouse_emulator/spec/sql_coverage.json"
    lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(c)}" for n, c in counts.items())
    text = f"{{\n{lines}\n}}\n"
    if os.environ.get(UPDATE):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, OUT_OF_DATE


def test_the_command_prints_the_page(root: Path) -> None:
    """The pages of the documentation are what the command prints, a line for each operation."""
    command = [sys.executable, "-m", "bytehouse_emulator", "coverage"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    pages = [
        (root / f"docs/reference/emulator-{name}.md").read_text("utf-8").partition("\n\n")[2]
        for name in ("coverage", "clickhouse")
    ]
    assert "\n".join(pages) == result.stdout, OUT_OF_DATE
    rows = [line for line in pages[0].splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) == len(OPERATIONS)
    listed = {row.split("`")[1]: row for row in rows}
    assert set(listed) == set(OPERATIONS)
    assert {name for name, row in listed.items() if "| refused |" in row} == set(
        OPERATIONS
    ) - MODELLED
