"""The pytest plugin, used as in a user's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
import sys
import pytest

def test_the_engine_stays_out_of_this_process(bytehouse_emulator):
    assert not {'chdb', 'starlette', 'uvicorn', 'yaml'} & set(sys.modules)
    assert set(bytehouse_emulator.client_arguments) == {'host', 'api_key', 'clickhouse_port'}

@pytest.mark.parametrize("time", [1, 2])
def test_each_begins_with_the_seed(bytehouse_client, bytehouse_database, time):
    names = {found.name for found in bytehouse_client.databases.list()}
    assert names == {"shop", bytehouse_database}
    assert bytehouse_database.startswith("test_each_begins_with_the_seed_")
    [result] = bytehouse_client.queries.execute("SELECT sum(id) FROM shop.orders")
    assert [list(map(int, row)) for row in result.rows] == [[3]]
    bytehouse_client.queries.execute("INSERT INTO shop.orders VALUES (5)")

def test_the_client_meets_a_fault(bytehouse_emulator, bytehouse_client):
    from bytehouse import NotFound
    bytehouse_emulator.fault("get_database", status=404, body="{}")
    with pytest.raises(NotFound):
        bytehouse_client.databases.get("shop")
    assert bytehouse_emulator.journal("get_database")[-1]["fault"] == "status 404"
"""
WITHOUT_RESET = """
def test_one(bytehouse_client):
    bytehouse_client.databases.create("kept")

def test_other(bytehouse_client):
    assert [found.name for found in bytehouse_client.databases.list()] == ["kept"]
"""


@pytest.mark.parametrize(
    ("tests", "setting"),
    [
        (TESTS, "bytehouse_emulator_options = --seed=seed.yaml"),
        (WITHOUT_RESET, "bytehouse_emulator_reset = false"),
    ],
    ids=["fixtures", "without a reset"],
)
def test_the_fixtures_are_ready_for_use(tmp_path: Path, tests: str, setting: str) -> None:
    """Each test has a client of a reset emulator and a database; the reset can be disabled."""
    (tmp_path / "test_it.py").write_text(tests)
    (tmp_path / "seed.yaml").write_text(SEED)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{setting}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_PLUGINS": "bytehouse_emulator.pytest_plugin"}
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
