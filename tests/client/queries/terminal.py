"""Run a program in a terminal of its own, and press Ctrl-C there."""

from __future__ import annotations

import builtins
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[3]


class Terminal:
    """A terminal in which one program runs.

    Args:
        command: Arguments for Python.
        environment: Variables beside those of these tests.
        streams: Standard streams that are no terminal: ``stdout=PIPE``, or a file.

    Attributes:
        process: The program.
    """

    def __init__(self, *command: str, environment: Mapping[str, str], **streams: Any) -> None:
        self._master, slave = pty.openpty()
        self._shown = bytearray()
        self._read_to = 0
        given = {"stdin": slave, "stdout": slave, "stderr": slave, **streams}
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
            start_new_session=True,
            **given,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press_ctrl_c(self) -> None:
        """Let the terminal send what it sends for Ctrl-C."""
        os.write(self._master, b"\x03")

    def enter(self, text: str) -> None:
        """Press the keys for a text."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str, seconds: float = 20.0) -> str:
        """Wait until a text is shown; return what has been shown since the last such wait."""
        ends = time.monotonic() + seconds
        while (found := self.shown.find(text, self._read_to)) < 0:
            assert time.monotonic() < ends, f"{text!r} is not shown: {self.shown[self._read_to :]}"
            time.sleep(0.02)
        piece = self.shown[self._read_to : found + len(text)]
        self._read_to = found + len(text)
        return piece

    def wait(self, seconds: float = 20.0) -> int:
        """Wait for the program's end; return its exit status."""
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status

    @property
    def shown(self) -> str:
        """What the program has written to the terminal so far."""
        return self._shown.decode("utf-8", "replace")

    def _read(self) -> None:
        with suppress(OSError):  # which is how a terminal ends
            while piece := os.read(self._master, 4096):
                self._shown += piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: builtins.type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)
