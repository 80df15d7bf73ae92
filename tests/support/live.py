"""An emulator for all tests of a folder, and clients of it in both flavours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support.flavours import MakeClient

__all__ = ["emulator", "lasting", "live"]


@pytest.fixture(scope="session")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that does not validate: strings that are not UTF-8 are no valid JSON."""
    with running_emulator() as running:
        yield running


@pytest.fixture
def live(make: MakeClient, emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return a client of either flavour of an emulator that is empty but for a database `d`."""
    emulator.reset()
    client = make(**emulator.client_arguments, clock=None, mode="clickhouse_sql")
    client.databases.create("d")
    yield client
    emulator.clear_faults()


@pytest.fixture(scope="module")
def lasting(emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return a synchronous client for all tests of a module: for those that call it many times."""
    emulator.reset()
    with ByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as client:
        client.databases.create("d")
        yield client
