"""The command as a process: it starts soon, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.core.test_config import certificate
from tests.emulator.api import ENDLESS, SLEEPING, Api
from tests.support.stopwatch import Stopwatch

__all__ = ["certificate"]

COMMAND = [sys.executable, "-m", "bytehouse_emulator"]
PARENT = """
import sys, time
from bytehouse_emulator import running_emulator
with running_emulator() as emulator:
    print(emulator.process.pid, flush=True)
    time.sleep(60)
"""


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_coverage_can_be_read_in_part() -> None:
    """A reader that has seen enough, such as `head`, is no error."""
    with subprocess.Popen(
        [*COMMAND, "coverage"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "# What the emulator models\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a few seconds at most."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "token"), [(signal.SIGTERM, ""), (signal.SIGINT, "own")])
def test_a_signal_stops_it_cleanly_while_a_query_runs(number: signal.Signals, token: str) -> None:
    """Waiting callers get an error, and the status is 0; a token is printed if it is new, and
    nothing else, not even of a client that goes away in the middle of its request."""
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BYTEHOUSE_EMULATOR_TOKEN": token},
    )
    assert process.stdout
    words = process.stdout.readline().split()
    assert words[:3] == ["bytehouse-emulator", "listening", "on"]
    assert words[6:7] == ([] if token else ["token"])
    token = token or words[7]
    api = Api(words[3], token)
    for port in (urlsplit(words[3]).port, int(words[5])):
        with socket.create_connection(("127.0.0.1", port)) as client:
            request = f"POST /v2/sql/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}"
            client.sendall(f"{request}\r\nContent-Length: 9\r\n\r\n".encode())
    with api.client, ThreadPoolExecutor() as pool:
        api.ok("submit_async_query", {"query": ENDLESS, "mode": "ansi_sql"})
        waiting = pool.submit(api.refused, ENDLESS, queryID="waited-for")
        wait_until(lambda: api.call("get_async_query_status", id="waited-for").is_success)
        api.wait_for("waited-for", "Running")
        with Stopwatch() as stopwatch:
            process.send_signal(number)
            assert waiting.result() == (400, "Query_QueryWasCancelled")
            assert process.wait(40) == 0
        assert stopwatch.seconds < 4
    assert process.communicate() == ("", "")


def test_it_does_not_outlive_its_parent() -> None:
    """An emulator whose parent process is killed stops."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_alive(pid))


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator with options and a directory; an error ends its block."""
    directory = tmp_path_factory.mktemp("data")
    options = ["--max-seconds=1", "--result-shape=meta"]
    block = running_emulator(data=directory, options=options)
    emulator = block.__enter__()
    yield emulator
    # The error is not swallowed, and no process stays.
    assert not block.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert emulator.process.returncode == 0


def test_options_hold_from_the_start(limited: RunningEmulator) -> None:
    """A time limit and a result shape apply, after a reset too."""
    limited.result_shape("columns")
    limited.reset()
    api = Api(limited.url, limited.token)
    with api.client:
        response = api.submit("SELECT 1 AS x").json()
        assert response == {"data": [[1]], "meta": [{"name": "x", "type": "UInt8"}]}
        assert api.refused(SLEEPING) == (400, "Query_TimeoutExceeded")


def test_a_directory_has_one_emulator(limited: RunningEmulator) -> None:
    """A second one on the same data is refused with the reason."""
    arguments = limited.process.args
    assert isinstance(arguments, list)
    result = run(*[argument for argument in arguments if str(argument).startswith("--data=")])
    assert result.returncode == 1
    assert "another emulator" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--host=0.0.0.0"], "choose a token"),
        (["--host=0.0.0.0", "--token=short"], "choose a token"),
        (["--host=example.com"], "not an ip address"),
        (["--tls-key=key.pem"], "go together"),
        (["--tls-self-signed=a", "--tls-certificate=b", "--tls-key=c"], "leave"),
        (["--data=/tmp/a?b"], "path"),
        (["--port=99999"], "port"),
        (["--port=http"], "port"),
        (["--seed=seed.yaml"], "databases[0]"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_start_that_is_impossible_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    """A wrong option ends in a line that says what is wrong, without a traceback."""
    (tmp_path / "seed.yaml").write_text("databases: [{name: ''}]")
    monkeypatch.chdir(tmp_path)
    result = run(*options)
    assert result.returncode != 0
    assert reason in result.stderr.lower()
    assert "Traceback" not in result.stderr


def test_a_port_in_use_is_refused_with_the_reason() -> None:
    """A requested port is never replaced by another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run(f"--port={other.getsockname()[1]}")
    assert result.returncode == 1
    assert "in use" in result.stderr


@pytest.mark.parametrize("made", [False, True])
def test_other_machines_reach_it_where_a_token_was_chosen(
    certificate: Path, tmp_path: Path, *, made: bool
) -> None:
    """On every address, over HTTPS with a certificate of one's own, or one that it makes."""
    tls = [f"--tls-certificate={certificate}", f"--tls-key={certificate}"]
    if made:
        certificate = tmp_path / "made.pem"
        tls = [f"--tls-self-signed={certificate}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bytehouse_emulator", "--exit-with-stdin", "--host=0.0.0.0", *tls],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BYTEHOUSE_EMULATOR_TOKEN": "chosen-by-whoever-runs-it"},
    )
    assert process.stdout
    words = process.stdout.readline().split()
    url = f"https://localhost:{urlsplit(words[3]).port}"
    context = ssl.create_default_context(cafile=certificate)
    health = httpx.get(f"{url}/_emulator/health", verify=context, trust_env=False)
    process.communicate(timeout=15)
    assert health.status_code == 200
    assert "token" not in words


def test_the_options_of_the_container_are_those_of_the_command(root: Path) -> None:
    """What the Dockerfile starts is understood."""
    text = (root / "emulator" / "Dockerfile").read_text()
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    command, *options = json.loads(entry)
    assert command == "bytehouse-emulator"
    assert "choose a token" in run(*options).stderr


def test_help_does_not_wait_for_the_engine() -> None:
    """Neither the engine nor the server is imported for it."""
    code = (
        "import sys, bytehouse_emulator.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "finally: print(sorted({'chdb', 'starlette', 'uvicorn', 'yaml'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("[]\n")
    for option in ("--port", "--token", "--data", "--log-level"):
        assert option in result.stdout
