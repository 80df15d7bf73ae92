"""How every command ends where something around it fails, each in a process of its own."""

from __future__ import annotations

import threading
from itertools import cycle
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.cli.commands import SEED, each_command, steps
from tests.cli.conftest import Bytehouse
from tests.cli.forkserver import CLOSED
from tests.cli.processes import ROOT, bytehouse, configured, emulator, processes
from tests.support.cases import cases
from tests.support.server import SILENT, ScriptedServer

__all__ = ["bytehouse", "configured", "emulator", "processes"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # many processes

LOCAL = [
    ["config", "explain"],
    ["config", "set", "warehouse", "etl"],
    ["config", "unset", "warehouse"],
    ["routes", "list"],
    ["routes", "path"],
]
BROKEN = ["[default\n", "profile = 7\n", 'host = "h"\n', '[default]\ntimeout = "soon"\n']
COMPLETION = ["completion", "bash", "--install"]


def clean(done: object) -> bool:
    """Return whether a command said what went wrong, without a traceback."""
    text = getattr(done, "err", "")
    return "Traceback" not in text and "Exception ignored" not in text


def test_what_cannot_be_written_is_told(
    bytehouse: Bytehouse, emulator: RunningEmulator, tmp_path: Path
) -> None:
    """Everything that is printed, in a day of commands: a full disk and a closed pipe have their
    codes, and a file that cannot be completed is not there."""
    emulator.seed(SEED)
    kept: dict[str, str] = {}
    tried = 0
    for name, words in steps():
        line = [word.format(**kept) for word in words]
        emulator.clear_journal()
        done = bytehouse(*line)
        assert done.code == 0, (line, done)
        if name:
            kept[name] = done.out.strip()
        sent = {OPERATIONS[entry["operation"]].retry for entry in emulator.journal()}
        if sent != {"read"} or not done.out:
            continue
        tried += 1
        for more, place, code, told in (
            ([], {"out": "/dev/full"}, 6, "No space left on device"),
            ([], {"out": CLOSED}, 141, ""),
            (["-o", "written.ndjson"], {"largest": 0}, 6, "File too large"),
        ):
            done = bytehouse(*line, *more, **place)
            assert (done.code, clean(done)) == (code, True), (line, more, place, done)
            assert told in done.err
            assert not list(tmp_path.glob("*written*")), (line, done)
    assert tried > 30


@cases("words", [*each_command().values(), *LOCAL, ["doctor"]])
def test_a_request_that_cannot_be_shown_is_told_too(bytehouse: Bytehouse, words: list[str]) -> None:
    """What every command prints, with `--dry-run` where it changes something."""
    shown = [*words, "--dry-run"] if words != ["doctor"] else words
    writes = words[:2] in (["config", "set"], ["config", "unset"])
    done = bytehouse(*shown, out="/dev/full")
    assert (done.code, clean(done)) == (0 if writes else 6, True), done
    done = bytehouse(*shown, out=CLOSED)
    assert (done.code, clean(done)) == (0 if writes else 141, True), done


@cases(
    "words",
    [
        ["config", "set", "warehouse", "etl"],
        ["init", "--api-key", "env:BYTEHOUSE_API_KEY"],
        ["init", "--store", "file", "--no-check"],
        COMPLETION,
        ["export", "SELECT 1 AS n", "out.parquet"],
        ["export", "SELECT 1 AS n", "out.csv"],
        ["query", "SELECT 1 AS n", "-o", "out.arrow"],
        ["routes", "pull", str(ROOT / "openapi.yaml")],
    ],
)
def test_a_full_disk_leaves_no_half_of_a_file(
    bytehouse: Bytehouse, tmp_path: Path, words: list[str]
) -> None:
    """Profiles, keys, completions, exports and routes: there whole, or not at all."""
    before = {one for one in tmp_path.rglob("*") if one.is_file()}
    done = bytehouse(*words, text="some-key\n" if "--store" in words else "", largest=0)
    assert clean(done), done
    assert done.code == 6, done
    left = {one for one in tmp_path.rglob("*") if one.is_file()} - before
    assert not left, (left, done)


@cases(("words", "text"), zip(each_command().values(), cycle(BROKEN), strict=False))
def test_a_broken_configuration_is_told(
    bytehouse: Bytehouse, emulator: RunningEmulator, tmp_path: Path, words: list[str], text: str
) -> None:
    """By every command, with its code and the file, before anything is sent."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    emulator.clear_journal()
    done = bytehouse(*words, "--config-file", str(file))
    assert (done.code, clean(done)) == (3, True), done
    assert done.out == ""
    assert emulator.journal() == []


@pytest.fixture
def silent(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """Return a server that takes requests, and does not respond."""
    server.script(SILENT)
    monkeypatch.setenv("BYTEHOUSE_HOST", server.url)
    return server


@cases("words", each_command().values())
def test_ctrl_c_ends_every_command(
    bytehouse: Bytehouse, silent: ScriptedServer, words: list[str]
) -> None:
    """While it waits for a response: with its own code, nothing printed, and in a moment."""
    silent.clear()
    silent.script(SILENT)

    def sent() -> None:
        ends = threading.Event()
        while not silent.seen:
            assert not ends.wait(0.01)

    done = bytehouse(*words, interrupt=sent)
    assert (done.code, clean(done), done.out) == (130, True, ""), done
    assert done.err.endswith("Interrupted.\n"), done
