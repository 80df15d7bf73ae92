"""The vendored specification, places to serve others from, and an emulator on other routes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_openapi import Document, read
from tests.openapi.server import Site, site
from tests.openapi.specs import elsewhere
from tests.support.fixtures import server, surroundings

__all__ = ["server", "surroundings"]


@pytest.fixture(scope="session")
def vendored(root: Path) -> Document:
    """The vendored specification, not to be changed."""
    return read(str(root / "openapi.yaml")).document


@pytest.fixture
def draft(vendored: Document) -> dict[str, Any]:
    """A copy of the vendored specification, to be changed."""
    return dict(copy.deepcopy(vendored))


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server."""
    with site() as found:
        yield found


@pytest.fixture(scope="session")
def emulator_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator on altogether other methods and paths."""
    file = tmp_path_factory.mktemp("routes") / "routes.toml"
    lines = [f'{operation} = "{route}"\n' for operation, route in elsewhere().items()]
    file.write_text("[routes]\n" + "".join(lines))
    with running_emulator(options=[f"--routes={file}"]) as running:
        yield running


@pytest.fixture
def routes_directory(tmp_path: Path) -> Path:
    """The directory where clients look for routes."""
    return tmp_path / ".config" / "bytehouse" / "routes"


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Path:
    """A home of each test's own: routes are read from there, and written."""
    return tmp_path
