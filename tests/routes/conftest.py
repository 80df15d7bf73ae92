"""The fixtures of the client's tests, and an emulator whose routes are all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.routes.specs import elsewhere, vendored
from tests.support.fixtures import server, surroundings

__all__ = ["server", "surroundings"]


@pytest.fixture(scope="session")
def document(root: Path) -> dict[str, Any]:
    """Return the specification of this repository."""
    return vendored(root)


@pytest.fixture(scope="session")
def emulator_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator on altogether other methods and paths."""
    file = tmp_path_factory.mktemp("routes") / "routes.toml"
    lines = [f'{operation} = "{route}"\n' for operation, route in elsewhere().items()]
    file.write_text("[routes]\n" + "".join(lines))
    with running_emulator(options=[f"--routes={file}"]) as running:
        yield running


@pytest.fixture
def routes_directory(tmp_path: Path) -> Path:
    """Return the directory where clients look for routes."""
    return tmp_path / ".config" / "bytehouse" / "routes"
