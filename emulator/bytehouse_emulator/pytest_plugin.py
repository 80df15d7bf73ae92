"""Fixtures for tests that need a ByteHouse.

The engine stays out of pytest's process: the emulator runs in one of its own, and with pytest-xdist
each worker has one. Settings in pytest's configuration:

    bytehouse_emulator_options = --seed=tests/seed.yaml --role=Analyst    (default: nothing)
    bytehouse_emulator_reset = false    (default: true; see `bytehouse_client`)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest

from bytehouse_emulator.testing import RunningEmulator, running_emulator

if TYPE_CHECKING:
    from bytehouse import ByteHouse

_NUMBERS: Final = count(1)
_LONGEST: Final = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of the fixtures."""
    options = "options of the bytehouse-emulator command for the fixture bytehouse_emulator"
    parser.addini("bytehouse_emulator_options", options, type="args", default=[])
    reset = "whether bytehouse_client finds the emulator as it was at the start, for each test"
    parser.addini("bytehouse_emulator_reset", reset, type="bool", default=True)


@pytest.fixture(scope="session")
def bytehouse_emulator(pytestconfig: pytest.Config) -> Iterator[RunningEmulator]:
    """Run an emulator for the whole session; use its `reset` where a test needs it empty."""
    options = pytestconfig.getini("bytehouse_emulator_options")
    with running_emulator(validate_answers=True, options=options) as emulator:
        yield emulator


@pytest.fixture
def bytehouse_client(
    bytehouse_emulator: RunningEmulator, pytestconfig: pytest.Config
) -> Iterator[ByteHouse]:
    """Return a client of an emulator that has been reset, unless that is switched off."""
    from bytehouse import ByteHouse

    if pytestconfig.getini("bytehouse_emulator_reset"):
        bytehouse_emulator.reset()
    with ByteHouse(**bytehouse_emulator.client_arguments) as client:
        yield client


@pytest.fixture
def bytehouse_database(bytehouse_client: ByteHouse, request: pytest.FixtureRequest) -> str:
    """Create a database for one test, and return its name, which no other test has."""
    words = re.sub(r"\W+", "_", request.node.name.lower()).strip("_")[:_LONGEST]
    name = f"{words}_{next(_NUMBERS)}"
    bytehouse_client.databases.create(name)
    return name
