"""One emulator for all these tests, and a database of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator_loading.loader import Loader

_NUMBERS = count()


@pytest.fixture(scope="session")
def import_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that local files are loaded from."""
    return tmp_path_factory.mktemp("import")


@pytest.fixture(scope="session")
def emulator(import_dir: Path) -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers against the specification."""
    options = [f"--import-dir={import_dir}"]
    with running_emulator(validate_answers=True, roles=["Loader"], options=options) as running:
        yield running


@pytest.fixture
def api(emulator: RunningEmulator, import_dir: Path) -> Iterator[Loader]:
    """Return a caller with a database and a folder of its own, and stop what it started."""
    name = f"load{next(_NUMBERS)}"
    api = Loader(emulator, name, import_dir)
    with api.client:
        api.ok("create_database", {"name": name})
        yield api
        api.clean_up()
