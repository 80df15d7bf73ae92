"""Keys in the system's keyring: stored, read and rotated there, and told of where that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator
from tests.cli.conftest import Bytehouse
from tests.cli.processes import bytehouse, configured, emulator, processes
from tests.support.cases import cases

__all__ = ["bytehouse", "configured", "emulator", "processes"]

pytestmark = pytest.mark.timeout(300)  # many processes

WORKING = "tests.cli.keyrings.Working"
LOCKED = "tests.cli.keyrings.Locked"
MISSING = "keyring.backends.fail.Keyring"


def test_a_key_is_kept_in_the_keyring(
    bytehouse: Bytehouse,
    emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By `init` without being asked to, and by `keys`; commands read it there, and files have the
    reference alone."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", WORKING)
    monkeypatch.delenv("BYTEHOUSE_API_KEY")
    done = bytehouse("init", text=f"{emulator.token}\n")
    assert done.code == 0, done
    assert json.loads(done.out)["api_key"] == "keyring:bytehouse/default"
    config = (tmp_path / ".config" / "bytehouse" / "config.toml").read_text()
    assert "keyring:bytehouse/default" in config
    assert emulator.token not in config + done.out + done.err
    assert bytehouse("account", "status").code == 0
    done = bytehouse("keys", "rotate", "--no-expiry", "--yes")
    assert done.code == 0, done
    kept = json.loads((tmp_path / "keyring.json").read_text())
    assert emulator.token not in kept.values()
    assert bytehouse("account", "status").code == 0
    done = bytehouse("keys", "create", "--no-expiry", "--store", "keyring:bytehouse/robot")
    assert done.code == 0, done
    assert bytehouse("account", "status", "--api-key", "keyring:bytehouse/robot").code == 0
    done = bytehouse("account", "status", "--api-key", "keyring:bytehouse/nobody")
    assert done.code == 3
    assert "has no password for bytehouse/nobody" in done.err


@cases("backend", [LOCKED, MISSING])
def test_a_keyring_that_does_not_work_is_told_of(
    bytehouse: Bytehouse,
    emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> None:
    """Locked, or there is none: `init` keeps the key in a file, unless told not to; no key is
    lost, and the one in use is left."""
    emulator.reset()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    done = bytehouse("init", "--store", "keyring", text=f"{emulator.token}\n")
    assert done.code == 2, done
    assert "use --store file" in done.err
    done = bytehouse("init", text=f"{emulator.token}\n")
    assert done.code == 0, done
    reference = json.loads(done.out)["api_key"]
    assert reference.startswith("file:")
    done = bytehouse("account", "status", "--api-key", "keyring:bytehouse/robot")
    assert done.code == 3, done
    assert "keyring" in done.err
    done = bytehouse("keys", "create", "--no-expiry", "--store", "keyring:bytehouse/robot")
    assert done.code == 6, done
    made = json.loads(done.out)
    assert made["api_key"]
    monkeypatch.setenv("BYTEHOUSE_API_KEY", made["api_key"])
    assert bytehouse("account", "status").code == 0
    monkeypatch.setenv("BYTEHOUSE_API_KEY", emulator.token)
    assert bytehouse("keys", "delete", made["id"], "--yes").code == 0
    done = bytehouse("keys", "rotate", "--no-expiry", "--yes", "--store", "keyring:bytehouse/x")
    assert done.code != 0
    assert "Traceback" not in done.err, done
    assert bytehouse("account", "status").code == 0
