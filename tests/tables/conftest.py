"""Fixtures of the client, and a client of an emulator, for tables."""

from collections.abc import Iterator
from itertools import count

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator
from tests.support.fixtures import bh, clock, flavour, make, server, surroundings
from tests.support.flavours import MakeClient

__all__ = ["bh", "clock", "flavour", "make", "server", "surroundings"]

_NUMBERS = count()


@pytest.fixture
def local(make: MakeClient, bytehouse_emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return a client of an emulator, with no fault left over from another test."""
    yield make(bytehouse_emulator.url, bytehouse_emulator.token)
    bytehouse_emulator.clear_faults()


@pytest.fixture
def database(local: ByteHouse) -> Iterator[str]:
    """Make a database for one test."""
    name = f"tables{next(_NUMBERS)}"
    local.databases.create(name)
    yield name
    local.databases.delete(name)
