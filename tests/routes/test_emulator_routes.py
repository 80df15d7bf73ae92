"""The emulator's `--routes`: what it cannot serve it refuses before it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bytehouse_raw.operations import OPERATIONS
from tests.wire import request_line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("nonsense", "not TOML"),
        ("", "no [routes]"),
        ("[routes]\nlist_databases = 5\n", "no [routes]"),
        ("[routes]\nlist_databses = 'GET /x'\n", "list_databses"),
        ("[routes]\nlist_databases = '/x'\n", "not like"),
        ("[routes]\nlist_databases = 'GET /x:{a:path}'\n", "not like"),
        ("[routes]\nlist_databases = 'GET /x/{a}'\n", "must have 0 parameters"),
        ("[routes]\nget_table = 'GET /{a}/{a}'\n", "must have 2 parameters"),
        ("[routes]\nlist_databases = 'GET /docs'\n", "must not begin"),
        ("[routes]\nlist_databases = 'GET /_emulator/x'\n", "must not begin"),
        ("[routes]\nget_database = 'GET /{a}'\n", "must not begin"),
        (f"[routes]\nlist_databases = '{request_line('list_warehouses')}'\n", "same route"),
        (
            f"[routes]\nget_database = '{' '.join(OPERATIONS['get_warehouse'][1:3])}'\n",
            "same route",
        ),
    ],
)
def test_routes_that_cannot_be_served_are_refused(
    tmp_path: Path, text: str | None, words: str
) -> None:
    """The emulator ends with a message instead of serving something else."""
    file = tmp_path / "routes.toml"
    if text is not None:
        file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "bytehouse_emulator", f"--routes={file}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
