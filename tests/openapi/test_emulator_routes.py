"""The emulator's `--routes`: what it cannot serve it refuses before it starts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bytehouse_raw.operations import OPERATIONS
from tests.support.wire import request_line

REFUSED = [
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
]
# Starting the command takes seconds, so one process tries all files, each as the command would.
PROGRAM = """
import json, sys
from importlib.metadata import entry_points
(command,) = entry_points(group="console_scripts", name="bytehouse-emulator")
said = {}
for file in sys.argv[1:]:
    try:
        command.load()(["--port=0", f"--routes={file}"])
    except SystemExit as end:
        said[file] = end.code
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Return what the emulator ends with for each file of routes, in their order."""
    directory = tmp_path_factory.mktemp("routes")
    files = [directory / f"{number}.toml" for number in range(len(REFUSED))]
    for file, (text, _) in zip(files, REFUSED, strict=True):
        if text is not None:
            file.write_text(text)
    command = [sys.executable, "-c", PROGRAM, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    told = json.loads(done.stdout)
    return [told[str(file)] for file in files]


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[words for _, words in REFUSED])
def test_routes_that_cannot_be_served_are_refused(said: list[object], number: int) -> None:
    """The emulator ends with a message instead of serving something else."""
    assert REFUSED[number][1] in str(said[number])
