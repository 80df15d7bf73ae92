"""A caller that knows how to load data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.loading.loader import Loader

_NUMBERS = count()


@pytest.fixture
def api(emulator: RunningEmulator, import_dir: Path) -> Iterator[Loader]:
    """Return a caller with a database and a folder of its own, and stop what it started."""
    api = Loader(emulator, f"load{next(_NUMBERS)}", import_dir)
    with api.client:
        api.ok("create_database", {"name": api.database})
        yield api
        api.clean_up()
