"""Commands in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.cli.commands import SECRET, write_files
from tests.cli.conftest import Bytehouse, Done

ROOT = Path(__file__).parents[2]


class Processes:
    """Run commands one after another, each in a process of its own, forked from one that has
    loaded the command. They have the present environment and folder."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forkserver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("BYTEHOUSE_")},
        )

    def run(
        self,
        *words: str,
        text: str = "",
        given: str = "",
        out: str = "",
        err: str = "",
        largest: int | None = None,
        interrupt: Callable[[], object] | None = None,
    ) -> Done:
        """Run one command.

        Args:
            *words: Its arguments.
            text: What is on standard input.
            given: Another place for standard input; `NONE` for none.
            out: Another place for standard output, such as /dev/full; `CLOSED` is a pipe
                that nobody reads, and `NONE` no stream.
            err: Another place for standard error.
            largest: How many bytes a file may have.
            interrupt: Returns when the command is to be interrupted, as by Ctrl-C.
        """
        typed, shown, told = (Path(self._folder.name) / name for name in ("in", "out", "err"))
        typed.write_text(text)
        for file in (shown, told):
            file.unlink(missing_ok=True)
        if largest is not None:
            os.mkfifo(told)  # what is told must not need the disk that is full
        request = {
            "words": words,
            "environment": dict(os.environ),
            "folder": str(Path.cwd()),
            "streams": [given or str(typed), out or str(shown), err or str(told)],
            "largest": largest,
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request).encode() + b"\n")
        self._server.stdin.flush()
        process = self._number()
        if interrupt is not None:
            interrupt()
            os.kill(process, signal.SIGINT)
        limited = largest is not None
        messages = told.read_text() if limited else ""
        code = self._number()
        if not limited and not err:
            messages = told.read_text()
        return Done(code, "" if out else shown.read_text(), messages)

    def _number(self) -> int:
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the process that the commands are forked from."""
        self._server.communicate()
        self._folder.cleanup()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers, and reads the files of the commands."""
    folder = tmp_path_factory.mktemp("import")
    write_files(folder)
    with running_emulator(validate_answers=True, options=[f"--import-dir={folder}"]) as running:
        yield running


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """Return what runs commands in processes of their own."""
    with closing(Processes()) as running:
        yield running


@pytest.fixture
def bytehouse(processes: Processes) -> Bytehouse:
    """Return what runs the command in a process of its own."""
    return processes.run


@pytest.fixture(autouse=True)
def configured(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the emulator be the service, and each call be made once."""
    emulator.reset()
    emulator.clear_faults()
    monkeypatch.setenv("BYTEHOUSE_HOST", emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", emulator.token)
    monkeypatch.setenv("BYTEHOUSE_MAX_RETRIES", "0")
    monkeypatch.setenv("TOKEN", SECRET)
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
