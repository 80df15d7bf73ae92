"""The commands that are of no resource, each in a process of its own: help, work, and what goes
wrong around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator
from tests.cli.conftest import Bytehouse
from tests.cli.processes import ROOT, bytehouse, configured, emulator, processes
from tests.cli.test_terminal import in_terminal
from tests.support.cases import cases
from tests.support.server import CLOSED, Reply, ScriptedServer, closed_port

__all__ = ["bytehouse", "configured", "emulator", "processes"]

WORKS = [
    ["init", "--api-key", "env:BYTEHOUSE_API_KEY"],
    ["doctor"],
    ["config", "explain"],
    ["config", "list"],
    ["config", "set", "warehouse", "etl"],
    ["config", "use", "default"],
    ["config", "unset", "warehouse"],
    ["routes", "list"],
    ["routes", "path"],
    ["routes", "pull", str(ROOT / "openapi.yaml")],
    ["completion", "bash"],
    ["completion", "zsh", "--install"],
    ["completion", "fish"],
]
CALLS = [WORKS[0], WORKS[1]]


def test_they_work(bytehouse: Bytehouse) -> None:
    """Each prints something, or says what it did."""
    for words in WORKS:
        done = bytehouse(*words)
        assert done.code == 0, (words, done)
        assert done.out or done.err


@cases("words", [*WORKS, ["shell"]])
def test_they_have_help_with_an_example(bytehouse: Bytehouse, words: list[str]) -> None:
    """And say what they do not know before anything is done."""
    name = words[:2] if words[0] in {"config", "routes"} else words[:1]
    done = bytehouse(*name, "--help")
    assert done.code == 0
    assert f"\n  bytehouse {' '.join(name)}" in done.out.partition("Examples:")[2]
    done = bytehouse(*words, "--no-such-option")
    assert (done.code, done.out) == (2, "")
    assert "No such option" in done.err


@cases(("words", "code"), zip(CALLS, (8, 0), strict=True))
def test_a_refused_permission_is_told(
    bytehouse: Bytehouse, emulator: RunningEmulator, words: list[str], code: int
) -> None:
    """With its own code, and no profile is written; to the doctor it is a finding."""
    emulator.fault(status=403, body='{"message": "not allowed"}')
    done = bytehouse(*words)
    assert done.code == code, done
    assert "not allowed" in done.out + done.err
    assert not (Path.home() / ".config" / "bytehouse" / "config.toml").exists()


@cases("words", CALLS)
def test_a_lost_connection_is_told(bytehouse: Bytehouse, words: list[str]) -> None:
    """With its own code; and no profile is written."""
    done = bytehouse(*words, "--host", f"127.0.0.1:{closed_port()}")
    assert done.code == 4, done
    assert not (Path.home() / ".config" / "bytehouse" / "config.toml").exists()


def test_a_document_that_is_refused_or_out_of_reach(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """`routes pull` says so, and the routes stay as they are."""
    server.script(Reply(403, {"message": "no"}))
    done = bytehouse("routes", "pull", server.url)
    assert (done.code, done.out) == (1, "")
    assert "403" in done.err
    done = bytehouse("routes", "pull", f"http://127.0.0.1:{closed_port()}")
    assert (done.code, done.out) == (4, "")


@pytest.mark.parametrize("fault", ["refused", "lost"])
def test_the_shell_tells_and_goes_on(emulator: RunningEmulator, tmp_path: Path, fault: str) -> None:
    """A permission that is refused and a connection that is lost do not end it."""
    host = emulator.url if fault == "refused" else f"http://127.0.0.1:{closed_port()}"
    environment = {
        "BYTEHOUSE_HOST": host,
        "BYTEHOUSE_API_KEY": emulator.token,
        "BYTEHOUSE_MAX_RETRIES": "0",
        "HOME": str(tmp_path),
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    if fault == "refused":
        emulator.fault(status=403, body='{"message": "not allowed"}')
    with in_terminal(environment, "shell") as terminal:
        terminal.wait_for("bytehouse>")
        terminal.enter("SELECT 1;\r")
        terminal.wait_for("not allowed" if fault == "refused" else "no connection")
        terminal.wait_for("bytehouse>")
        terminal.enter("\x04")
        assert terminal.wait() == 0


@cases(
    ("typed", "found"),
    [
        ("--profile p", "plain,prod"),
        ("query --profile pr", "plain,prod"),
        ("config use pr", "plain,prod"),
        ("config set ware", "plain,warehouse"),
        ("load o", "file,o"),
        ("query --file o", "file,o"),
        ("tables apply -f o", "file,o"),
        ("export sales.orders o", "file,o"),
        ("query --output o", "file,o"),
    ],
)
def test_what_is_on_this_machine_is_completed(
    bytehouse: Bytehouse, monkeypatch: pytest.MonkeyPatch, typed: str, found: str
) -> None:
    """Profiles, settings and files, in the way in which bash asks for them."""
    assert bytehouse("config", "set", "warehouse", "etl", "--profile", "prod").code == 0
    words = ["bytehouse", *typed.split()]
    with monkeypatch.context() as patch:
        patch.setenv("COMP_WORDS", " ".join(words))
        patch.setenv("COMP_CWORD", str(len(words) - 1))
        patch.setenv("_BYTEHOUSE_COMPLETE", "bash_complete")
        done = bytehouse()
    assert done.out == f"{found}\n"
    assert done.err == ""


def test_an_unknown_outcome_is_told_once(bytehouse: Bytehouse, server: ScriptedServer) -> None:
    """As an error with its code, and not as a record of a log as well."""
    server.script(CLOSED)
    done = bytehouse("databases", "create", "sales", "--host", server.url)
    assert done.code == 5, done
    assert done.err.count("not known") == 1, done.err
    assert done.err.startswith("Error: ")
