"""An emulator for all tests of a folder, and clients of it in both flavours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support.flavours import MakeClient, client_maker

__all__ = ["emulator", "lasting", "live"]


@pytest.fixture(scope="session")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator for all tests."""
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


@pytest.fixture(scope="module", params=["sync", "async"])
def lasting(request: pytest.FixtureRequest, emulator: RunningEmulator) -> Iterator[ByteHouse]:
    """Return such a client for all tests of a module: for those that ask it many times."""
    emulator.reset()
    with asyncio.Runner() as runner:
        make = client_maker(str(request.param), runner)
        client = make(**emulator.client_arguments, mode="clickhouse_sql")
        client.databases.create("d")
        yield client
        client.close()
