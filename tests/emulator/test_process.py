"""The emulator as a process: it starts soon, keeps what it should, and leaves nothing behind."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bytehouse_emulator import running_emulator
from tests.emulator.api import ENDLESS, Api

COMMAND = [sys.executable, "-m", "bytehouse_emulator"]
PARENT = """
import sys, time
from bytehouse_emulator import running_emulator
with running_emulator() as emulator:
    print(emulator.process.pid, flush=True)
    time.sleep(60)
"""


def started(*options: str, **extra: str) -> tuple[subprocess.Popen[str], list[str]]:
    """Start the command as a person would, and wait for the words of its first line."""
    process = subprocess.Popen(
        [*COMMAND, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **extra},
    )
    assert process.stdout
    return process, process.stdout.readline().split()


def finished(process: subprocess.Popen[str]) -> int:
    """Wait for the end of a process."""
    status = process.wait(20)
    assert process.stdout
    process.stdout.close()
    return status


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid: int) -> bool:
    """Tell whether a process ends within a few seconds."""
    deadline = time.monotonic() + 10
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_in_the_midst_of_a_query(number: signal.Signals) -> None:
    """With a query running and a caller waiting, the process ends by itself, with status 0."""
    process, words = started(BYTEHOUSE_EMULATOR_TOKEN="")
    assert words[:3] == ["bytehouse-emulator", "listening", "on"]
    assert words[4] == "token"
    api = Api(words[3], words[5])
    with api.client, ThreadPoolExecutor() as pool:
        body = {"query": ENDLESS, "mode": "ansi_sql"}
        api.ok("submit_async_query", body)
        waiting = pool.submit(api.refused, ENDLESS, queryID="waited-for")
        time.sleep(0.2)
        api.wait_for("waited-for", "Running")
        begin = time.monotonic()
        process.send_signal(number)
        assert waiting.result() == (400, "Query_QueryWasCancelled")
        assert finished(process) == 0
        assert time.monotonic() - begin < 4


def test_it_does_not_outlive_whoever_started_it() -> None:
    """Killed outright, a parent takes its emulator with it."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    finished(parent)
    assert gone(pid)


def test_a_restart_finds_what_was_kept(tmp_path: Path) -> None:
    """With a directory, everything acknowledged is there again, even after an outright kill."""
    with running_emulator(data=tmp_path) as emulator:
        api = Api(emulator.url, emulator.token)
        with api.client:
            api.ok("create_database", {"name": "kept", "description": "so"})
            api.rows(
                "CREATE TABLE kept.t (k Int64, v String) ENGINE = CnchMergeTree ORDER BY v"
                " UNIQUE KEY k; INSERT INTO kept.t VALUES (1, 'a')"
            )
            api.rows("USE kept", session="mine")
            before = _everything(api)
            lines = "SELECT number FROM numbers(100000)"
            api.rows(lines, queryID="finished")
            body = {"query": ENDLESS, "mode": "ansi_sql", "queryID": "endless"}
            api.ok("submit_async_query", body)
            api.wait_for("endless", "Running")
        emulator.process.kill()
        emulator.process.wait()
    with running_emulator(data=tmp_path) as emulator:
        api = Api(emulator.url, emulator.token)
        with api.client:
            assert _everything(api) == before
            api.rows("INSERT INTO t VALUES (1, 'b')", session="mine")
            assert api.rows("SELECT v FROM kept.t") == [["b"]]
            assert api.status("endless") == "Failed"
            found = api.ok("get_async_query_result", id="finished")["data"][0]
            assert found["rowCount"] == 100_000
            assert api.refused("SELECT 1", queryID="finished") == (409, "Query_Conflict")


def test_two_run_at_once_but_not_on_one_directory(tmp_path: Path) -> None:
    """Emulators share nothing; a directory in use is refused in words."""
    with running_emulator(data=tmp_path) as one, running_emulator() as other:
        assert one.url != other.url
        result = _run(f"--data={tmp_path}")
        assert result.returncode == 1
        assert "another emulator" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--host=0.0.0.0"], "loopback"),
        (["--host=example.com"], "loopback"),
        (["--data=/tmp/a?b"], "path"),
        (["--port=99999"], "port"),
        (["--port=http"], "port"),
    ],
)
def test_a_start_that_cannot_be_is_refused_in_words(options: list[str], reason: str) -> None:
    """A wrong option ends in a line that says what is wrong, without a traceback."""
    result = _run(*options)
    assert result.returncode != 0
    assert reason in result.stderr.lower()
    assert "Traceback" not in result.stderr


def test_a_port_in_use_is_refused_in_words() -> None:
    """Whoever asks for a port is told that it is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = _run(f"--port={taken.getsockname()[1]}")
    assert result.returncode == 1
    assert "in use" in result.stderr


def test_help_comes_at_once_and_names_the_options() -> None:
    """Help does not wait for the engine."""
    begin = time.monotonic()
    result = _run("--help")
    assert time.monotonic() - begin < 1.5
    assert result.returncode == 0
    for option in ("--port", "--token", "--data", "--log-level"):
        assert option in result.stdout


def test_a_given_token_is_not_printed() -> None:
    """Only a token that nobody knows yet is told."""
    process, words = started(BYTEHOUSE_EMULATOR_TOKEN="of-the-caller")
    api = Api(words[3], "of-the-caller")
    with api.client:
        assert api.ok("list_databases")["data"] == []
    assert len(words) == 4
    process.terminate()
    assert finished(process) == 0


def test_it_starts_within_two_seconds() -> None:
    """A test suite does not wait for it; processor time is told, so other work does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with running_emulator():
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < spent < 2


def test_the_plugin_brings_the_fixture_and_no_engine(tmp_path: Path) -> None:
    """Users' tests get a running emulator; pytest's own process stays light."""
    (tmp_path / "test_it.py").write_text(
        "import sys, urllib.request\n"
        "def test_it(bytehouse_emulator):\n"
        "    assert not {'chdb', 'starlette', 'uvicorn', 'yaml'} & set(sys.modules)\n"
        "    assert set(bytehouse_emulator.client_arguments) == {'host', 'api_key'}\n"
        "    assert bytehouse_emulator.url.startswith('http://127.0.0.1:')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, "-p", "bytehouse_emulator.pytest_plugin", "--rootdir", str(tmp_path), "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert result.returncode == 0, result.stdout + result.stderr


def _everything(api: Api) -> list[object]:
    return [
        api.ok("list_databases"),
        api.ok("get_database", db_name="kept"),
        api.ok("list_tables", db_name="kept"),
        api.ok("get_table", db_name="kept", table_name="t"),
    ]


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False
    )
