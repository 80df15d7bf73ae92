"""One emulator for all these tests, and a database of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import Api

_NUMBERS = count()


@pytest.fixture(scope="session")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers against the specification."""
    with running_emulator(
        validate_answers=True, roles=["Analyst"], options=["--max-memory=300000000"]
    ) as running:
        yield running


@pytest.fixture(scope="session")
def shared_api(emulator: RunningEmulator) -> Iterator[Api]:
    """Return a caller whose connection is kept open."""
    api = Api(emulator.url, emulator.token)
    with api.client:
        yield api


@pytest.fixture
def api(shared_api: Api, emulator: RunningEmulator) -> Iterator[Api]:
    """Return a caller, with no fault left over from another test."""
    yield shared_api
    emulator.clear_faults()


@pytest.fixture
def database(api: Api) -> Iterator[str]:
    """Make a database for one test."""
    name = f"db{next(_NUMBERS)}"
    api.ok("create_database", {"name": name})
    yield name
    api.call("delete_database", db_name=name)
