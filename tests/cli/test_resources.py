"""The commands of the resources, against the emulator: each does its work, or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bytehouse_cli._main import root
from bytehouse_cli._resources import RESOURCES
from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw.operations import OPERATIONS
from tests.cli.commands import SECRET, SEED, steps, write_files
from tests.cli.conftest import Bytehouse


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers, and reads the files of the commands."""
    folder = tmp_path_factory.mktemp("import")
    write_files(folder)
    with running_emulator(validate_answers=True, options=[f"--import-dir={folder}"]) as running:
        yield running


@pytest.fixture(autouse=True)
def configured(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the emulator be the service, and each call be made once."""
    monkeypatch.setenv("BYTEHOUSE_HOST", emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", emulator.token)
    monkeypatch.setenv("BYTEHOUSE_MAX_RETRIES", "0")
    monkeypatch.setenv("TOKEN", SECRET)
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)


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
    emulator.reset()
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
    assert {entry["operation"] for entry in emulator.journal()} >= set(OPERATIONS)
