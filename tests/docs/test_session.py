"""The commands of the README's first minute run as they stand there, in a terminal."""

from __future__ import annotations

import socket
from pathlib import Path

from codegen.cli_session import PAGE, PROMPT, commands
from tests.client.queries.terminal import Terminal

BASH = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
os.execvp("bash", ["bash", "--rcfile", sys.argv[1]])
"""


def test_the_recording_has_the_commands_of_the_readme(root: Path) -> None:
    """`make recording` was run after the last change of them; there are ten."""
    given = commands((root / "README.md").read_text("utf-8"))
    recorded = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(PROMPT)]
    entered = [line.removeprefix(PROMPT) for line in recorded]
    assert [
        line for line in entered if not line.startswith("bytehouse-emulator listening")
    ] == given
    assert len(given) == 10


def test_the_commands_of_the_readme_run(root: Path, tmp_path: Path) -> None:
    """Each ends with 0, in a home where nothing is; the table is loaded, and its usage shown."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "rc").write_text("PS1='[$?] '\ncd\n")
    _install, *given = commands((root / "README.md").read_text("utf-8"))
    shown = []
    with Terminal("-c", BASH, str(tmp_path / "rc"), environment={"HOME": str(tmp_path)}) as bash:
        bash.wait_for("[0] ")
        for command in given:
            bash.enter(command.replace("8080", str(port)) + "\r")
            if command.endswith("&"):
                bash.wait_for("listening on", 60)
                bash.enter("\r")
            shown.append(bash.wait_for("[0] ", 60))
        bash.enter("kill %1; wait; exit\r")
        bash.wait(30)
    assert "Host and key work." in shown[1]
    assert "1000" in shown[5]
    assert "334" in shown[6]
    assert "sales" in shown[8]
    assert len((tmp_path / "orders.ndjson").read_text().splitlines()) == 1000
