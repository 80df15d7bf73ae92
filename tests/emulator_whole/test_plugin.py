"""What users' tests get from the plugin, tried as they would use it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bytehouse_emulator import running_emulator

CONFIGURATION = """
[pytest]
bytehouse_emulator_options = --seed=seed.yaml
"""
SEED = """
databases:
  - name: shop
    tables:
      - name: orders
        columns: [{name: id, type: Int64}]
        orderByKeys: [id]
        rows: [[1], [2]]
"""
TESTS = """
import subprocess, sys
import pytest

@pytest.mark.parametrize("time", [1, 2])
def test_each_begins_as_new(bytehouse_client, bytehouse_database, time):
    names = {found.name for found in bytehouse_client.databases.list()}
    assert names == {"shop", bytehouse_database}
    assert bytehouse_database.startswith("test_each_begins_as_new_")
    [result] = bytehouse_client.queries.execute("SELECT sum(id) FROM shop.orders")
    assert [list(map(int, row)) for row in result.rows] == [[3]]
    bytehouse_client.queries.execute("INSERT INTO shop.orders VALUES (5)")

def test_a_fault_strikes_the_client(bytehouse_emulator, bytehouse_client):
    from bytehouse import NotFound
    bytehouse_emulator.fault("get_database", status=404, body="{}")
    with pytest.raises(NotFound):
        bytehouse_client.databases.get("shop")
    assert bytehouse_emulator.journal("get_database")[-1]["fault"] == "status 404"
"""
KEPT = """
def test_one(bytehouse_client):
    bytehouse_client.databases.create("kept")

def test_other(bytehouse_client):
    assert [found.name for found in bytehouse_client.databases.list()] == ["kept"]
"""


def run(directory: Path, tests: str, configuration: str) -> subprocess.CompletedProcess[str]:
    """Run a user's tests in a directory of their own."""
    directory.mkdir()
    (directory / "test_it.py").write_text(tests)
    (directory / "seed.yaml").write_text(SEED)
    (directory / "pytest.ini").write_text(configuration)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_PLUGINS": "bytehouse_emulator.pytest_plugin"}
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def test_each_test_begins_as_new_in_two_runs_at_once(tmp_path: Path) -> None:
    """Client and database are ready, what one test did no other sees, and runs share nothing."""
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run, tmp_path / name, TESTS, CONFIGURATION) for name in ("a", "b")]
        for ran in runs:
            assert ran.result().returncode == 0, ran.result().stdout + ran.result().stderr


def test_the_reset_can_be_switched_off(tmp_path: Path) -> None:
    """Tests that build on each other find what the ones before did."""
    ran = run(tmp_path / "kept", KEPT, "[pytest]\nbytehouse_emulator_reset = false\n")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_script_that_fails_leaves_no_emulator() -> None:
    """An error within the context manager stops the process and is not swallowed."""
    with pytest.raises(ZeroDivisionError), running_emulator() as emulator:
        raise ZeroDivisionError
    assert emulator.process.returncode == 0
