"""Progress is shown in terminals and notebooks, and interferes with nothing else."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bytehouse import ByteHouse, ConfigError
from tests.client.queries.progress_programs import ROWS
from tests.client.queries.terminal import ROOT, Terminal
from tests.support.server import ScriptedServer, data

CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


def run(program: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program whose output goes through pipes."""
    return subprocess.run(
        [sys.executable, "-m", "tests.client.queries.progress_programs", program],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


@pytest.mark.parametrize("program", ["waits", "waits_in_a_task"])
def test_a_terminal_shows_that_a_query_runs(variables: dict[str, str], program: str) -> None:
    """A bar with its state is shown meanwhile, and erased at the end."""
    with Terminal(
        "-m", "tests.client.queries.progress_programs", program, environment=variables
    ) as terminal:
        assert terminal.wait() == 0
        assert "Running" in terminal.shown
        # The cursor is visible again, and only the result is left.
        assert terminal.shown.rfind("\x1b[?25h") > terminal.shown.rfind("\x1b[?25l")
        assert terminal.shown.rstrip().endswith("0")


@pytest.mark.parametrize(
    "settings", [{}, {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}], ids=["plain", "forced"]
)
def test_a_pipe_is_shown_nothing(variables: dict[str, str], settings: dict[str, str]) -> None:
    """Nor is a log, even where colours are forced."""
    done = run("waits", {**variables, **settings})
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_terminal_without_a_cursor_is_shown_nothing(variables: dict[str, str]) -> None:
    """What cannot be erased is not written."""
    command = ("-m", "tests.client.queries.progress_programs", "waits")
    with Terminal(*command, environment={**variables, "TERM": "dumb"}) as terminal:
        assert terminal.wait() == 0
        assert terminal.shown.split() == ["0"]


def test_output_to_a_file_is_complete(variables: dict[str, str], tmp_path: Path) -> None:
    """Rows that are printed into a file while a terminal shows the bar are all in the file."""
    target = tmp_path / "rows.txt"
    command = ("-m", "tests.client.queries.progress_programs", "prints_rows")
    with (
        target.open("w") as file,
        Terminal(*command, environment=variables, stdout=file) as terminal,
    ):
        assert terminal.wait() == 0
        assert "Reading" in terminal.shown
        assert "row " not in terminal.shown
    assert target.read_text().splitlines() == [f"row {n}." for n in range(ROWS)]


def test_output_to_the_same_terminal_is_complete(variables: dict[str, str]) -> None:
    """Rows that are printed to the same terminal are all there."""
    command = ("-m", "tests.client.queries.progress_programs", "prints_rows")
    with Terminal(*command, environment=variables) as terminal:
        assert terminal.wait() == 0
        found = re.findall(r"row (\d+)\.", CONTROL.sub("", terminal.shown))
    assert [int(number) for number in found] == list(range(ROWS))


def test_a_result_at_rest_shows_nothing(variables: dict[str, str]) -> None:
    """Between the first rows and the next the terminal is the caller's own."""
    command = ("-m", "tests.client.queries.progress_programs", "does_something_else")
    with Terminal(*command, environment=variables) as terminal:
        assert terminal.wait() == 0
        _, _, rest = terminal.shown.partition("first\r\n")
        between, _, after = rest.partition("second\r\n")
        assert between == ""
        assert "Reading" in after
        assert "\x1b[2A" not in after
        assert str(ROWS) in after


def test_a_missing_extra_is_named_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not there is a terminal, so that a program fails where it is written; without
    progress the extra is not needed."""
    for module in ("rich", "rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"bytehouse-sdk\[progress\]"):
        bh.query("SELECT 1", progress=True)
    assert server.seen == []
    server.script(data([{"columns": [{"name": "n"}], "rows": [[1]]}]))
    assert bh.query("SELECT 1").scalar() == 1


class _Widget:
    """Replace the widget of a notebook."""

    def __init__(self) -> None:
        self.closed = False

    def clear_output(self, *, wait: bool) -> None:
        del wait

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


@contextmanager
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Imitate the environment of a notebook, and yield what is displayed there."""
    shell = type("ZMQInteractiveShell", (), {})()
    displayed: list[Any] = []
    for name in ("IPython", "IPython.display", "ipywidgets"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["IPython.display"], "display", displayed.append, raising=False)
    monkeypatch.setattr(sys.modules["ipywidgets"], "Output", _Widget, raising=False)
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    yield displayed


def test_a_notebook_shows_a_widget(
    bh: ByteHouse, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is displayed once, and closed when the query has ended."""
    server.script(data([{"columns": [{"name": "n"}], "rows": [[1]]}]))
    with notebook(monkeypatch) as displayed:
        assert bh.query("SELECT 1", progress=True).scalar() == 1
    [widget] = [one for one in displayed if isinstance(one, _Widget)]
    assert widget.closed
