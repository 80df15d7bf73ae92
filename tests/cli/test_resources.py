"""The commands of the resources, against the emulator, each in a process of its own: each does its
work, or says why not."""

from __future__ import annotations

import json

import click
import pytest

from bytehouse_cli._main import root
from bytehouse_cli._resource_table import RESOURCES
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.cli.commands import LONG, SECRET, SEED, each_command, steps
from tests.cli.conftest import Bytehouse
from tests.cli.processes import bytehouse, configured, emulator, processes
from tests.support.cases import cases
from tests.support.operations import DOCUMENTED
from tests.support.server import closed_port

__all__ = ["bytehouse", "configured", "emulator", "processes"]

pytestmark = pytest.mark.timeout(300)  # many processes


def names() -> set[tuple[str, str]]:
    """Return the group and the name of every command of a resource."""
    context = click.Context(root)
    found = set()
    for name in (*RESOURCES, "queries"):
        group = root.get_command(context, name)
        assert isinstance(group, click.Group)
        found |= {(name, one) for one in group.list_commands(context)}
    return found


def test_a_day_in_the_shell_sends_every_operation(
    bytehouse: Bytehouse, emulator: RunningEmulator
) -> None:
    """Each command does what it says, and together they reach all of the API."""
    emulator.seed(SEED)
    emulator.clear_journal()
    kept: dict[str, str] = {}
    for name, words in steps():
        line = [word.format(**kept) for word in words]
        done = bytehouse(*line)
        assert done.code == 0, (line, done)
        assert SECRET not in done.out + done.err
        if name:
            kept[name] = done.out.strip()
    assert {tuple(words[:2]) for _, words in steps()} >= names()
    assert {entry["operation"] for entry in emulator.journal()} >= set(DOCUMENTED)


def test_refused_rows_are_told_of(bytehouse: Bytehouse) -> None:
    """The counts are printed, a warning names the execution, and the code says it to scripts."""
    job = ["jobs", "create", "orders", "--configuration", "@job.json", "--source-schema", "{}"]
    for words in (["databases", "create", "sales"], ["tables", "create", "-f", "orders.yaml"]):
        assert bytehouse(*words).code == 0
    job_id = bytehouse(*job, "--query", "id", "--format", "tsv").out.strip()
    done = bytehouse("jobs", "start", job_id, "--file", "odd.csv", "--watch")
    assert done.code == 16, done
    counts = json.loads(done.out)
    assert (counts["rows_written"], counts["rows_refused"]) == (1, 1)
    assert f"Warning: The execution {counts['execution_id']} refused 1 row" in done.err


@cases("words", each_command().values())
def test_a_wrong_argument_is_refused(
    bytehouse: Bytehouse, emulator: RunningEmulator, words: list[str]
) -> None:
    """It is refused before anything is sent, with the code for a wrong command line."""
    emulator.clear_journal()
    done = bytehouse(*words, "--no-such-option")
    assert done.code == 2, done
    assert "No such option" in done.err
    assert emulator.journal() == []


@cases("words", each_command().values())
def test_a_refused_permission_is_told(
    bytehouse: Bytehouse, emulator: RunningEmulator, words: list[str]
) -> None:
    """With its own code, the role, and what to do next; and nothing is printed as a result."""
    emulator.fault(status=403, body='{"message": "not allowed"}')
    done = bytehouse(*words)
    assert done.code == 8, done
    assert "not allowed" in done.err
    assert "Hint: " in done.err
    assert done.out == ""


@cases("words", each_command().values())
def test_a_lost_connection_is_told(bytehouse: Bytehouse, words: list[str]) -> None:
    """With its own code, and nothing is printed as a result; what polls tries until its end."""
    waits = words[-1] == LONG
    words = [*words[:-1], "0.1"] if waits else words
    done = bytehouse(*words, "--host", f"127.0.0.1:{closed_port()}")
    assert done.code == (13 if waits else 4), done
    assert "no connection" in done.err or "ConnectionFailed" in done.err
    assert done.out == ""


@cases("words", each_command().values())
def test_a_dry_run_changes_nothing(
    bytehouse: Bytehouse, emulator: RunningEmulator, words: list[str]
) -> None:
    """The request is shown, with the key hidden; what only reads may be sent before it."""
    emulator.clear_journal()
    done = bytehouse(*words, "--dry-run", "--format", "json")
    assert done.code == 0, done
    shown = json.loads(done.out)
    assert shown["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert "Bearer ***" in shown["headers"].values()
    assert emulator.token not in done.out
    assert SECRET not in done.out
    assert {OPERATIONS[entry["operation"]].retry for entry in emulator.journal()} <= {"read"}
