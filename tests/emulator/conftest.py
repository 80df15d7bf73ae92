"""One emulator for all tests; those that need it empty use the fixture `fresh`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.api import Api

Caller = Callable[..., Api]
_NUMBERS = count()


@pytest.fixture(scope="session")
def import_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that local files are loaded from."""
    return tmp_path_factory.mktemp("import")


@pytest.fixture(scope="session")
def shared_emulator(import_dir: Path) -> Iterator[RunningEmulator]:
    """Run an emulator that validates its responses against the specification."""
    options = ["--max-memory=300000000", f"--import-dir={import_dir}"]
    with running_emulator(validate_answers=True, roles=["Analyst"], options=options) as running:
        yield running


@pytest.fixture(scope="session")
def shared_api(shared_emulator: RunningEmulator) -> Iterator[Api]:
    """Return a caller whose connection is kept open."""
    api = Api(shared_emulator.url, shared_emulator.token)
    with api.client:
        yield api


@pytest.fixture(scope="module")
def reset_emulator(shared_emulator: RunningEmulator) -> RunningEmulator:
    """Return the emulator, which was reset before the tests of this module."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def emulator(reset_emulator: RunningEmulator) -> Iterator[RunningEmulator]:
    """Return the emulator, and remove the faults of the test afterwards."""
    yield reset_emulator
    reset_emulator.clear_faults()


@pytest.fixture
def fresh(emulator: RunningEmulator) -> None:
    """Reset the emulator before the test."""
    emulator.reset()


@pytest.fixture
def api(shared_api: Api, emulator: RunningEmulator) -> Api:
    """Return a caller with the start token and the default role."""
    del emulator
    return shared_api


@pytest.fixture
def caller(emulator: RunningEmulator) -> Iterator[Caller]:
    """Return a function that makes callers with a key and a role of their own."""
    callers: list[Api] = []

    def make(key: str = "", role: str = "") -> Api:
        api = Api(emulator.url, key or emulator.token)
        if role:
            api.client.headers[ROLE_HEADER] = role
        callers.append(api)
        return api

    yield make
    for api in callers:
        api.client.close()


@pytest.fixture
def database(api: Api) -> Iterator[str]:
    """Create a database for one test."""
    name = f"db{next(_NUMBERS)}"
    api.ok("create_database", {"name": name})
    yield name
    api.call("delete_database", db_name=name)
