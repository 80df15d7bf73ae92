"""`bytehouse init` and `config`: profiles are written, keys are kept, and nothing shows them."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from bytehouse_cli._commands.completion import _FILES
from bytehouse_raw.operations import ROLE_HEADER
from tests.cli.conftest import Bytehouse
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the configuration."""
    return tmp_path / ".config" / "bytehouse"


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    """Let the key come on standard input, and the service accept it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    server.script(data({"status": "ACTIVE"}))


def test_a_profile_is_made_and_used(
    bytehouse: Bytehouse, server: ScriptedServer, folder: Path
) -> None:
    """Host and key are tried; the key is in a file of its own that nobody else can read."""
    done = bytehouse("init", "--host", server.url, "--role", "Analyst", "--store", "file")
    assert done.code == 0, done.err
    assert KEY not in done.out + done.err
    assert server.operations == ["get_account_status"]
    text = (folder / "config.toml").read_text()
    assert KEY not in text
    for file in (folder / "config.toml", folder / "keys" / "default"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    server.script(data([]))
    assert bytehouse("api", "list_databases").code == 0
    assert server.seen[-1].header("Authorization") == f"Bearer {KEY}"
    assert server.seen[-1].header(ROLE_HEADER) == "Analyst"


def test_what_does_not_work_is_not_written(
    bytehouse: Bytehouse, server: ScriptedServer, folder: Path
) -> None:
    """A key that is refused, and a host that is none."""
    server.script(Reply(401, {"message": "bad key"}))
    assert bytehouse("init", "--host", server.url).code == 7
    assert bytehouse("init", "--host", "not a host", "--api-key", "env:X").code == 3
    assert bytehouse("init").code == 2
    assert not folder.exists()


def test_settings_are_changed_with_the_comments_kept(bytehouse: Bytehouse, folder: Path) -> None:
    """What is not touched stays as a person has written it; nonsense is refused."""
    folder.mkdir(parents=True)
    file = folder / "config.toml"
    file.write_text(
        '# mine\n[default]\nhost = "a.example" # the first\n\n[prod]\nhost = "b.example"\n'
    )
    assert bytehouse("config", "set", "timeout", "7").code == 0
    assert bytehouse("config", "set", "role", "Analyst", "--profile", "prod").code == 0
    text = file.read_text()
    assert "# mine" in text
    assert "# the first" in text
    assert "timeout = 7.0" in text
    assert bytehouse("config", "use", "prod").code == 0
    explained = bytehouse(
        "config", "explain", "--query", "[?name=='host'].value", "--format", "tsv"
    )
    assert explained.out == "https://b.example\n"
    assert bytehouse("config", "unset", "role").code == 0
    listed = [json.loads(line) for line in bytehouse("config", "list").out.splitlines()]
    assert [(one["profile"], one["default"]) for one in listed] == [
        ("default", False),
        ("prod", True),
    ]
    before = file.read_text()
    assert bytehouse("config", "set", "timeout", "soon").code == 3
    assert bytehouse("config", "set", "tiemout", "7").code == 3
    assert bytehouse("config", "set", "api_key", KEY).code == 2
    assert bytehouse("config", "use", "none").code == 3
    assert file.read_text() == before
    file.write_text("[default\n")
    done = bytehouse("config", "list")
    assert done.code == 3
    assert "not TOML" in done.err


@pytest.mark.parametrize("shell", list(_FILES))
def test_completion_is_installed(bytehouse: Bytehouse, tmp_path: Path, shell: str) -> None:
    """Where the shell finds it; without `--install` it is printed."""
    printed = bytehouse("completion", shell)
    assert "_BYTEHOUSE_COMPLETE" in printed.out
    assert bytehouse("completion", shell, "--install").code == 0
    (file,) = (path for path in tmp_path.rglob("*bytehouse*") if path.is_file())
    assert file.read_text() == printed.out.removesuffix("\n")
