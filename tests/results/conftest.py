"""One emulator for the tests of results, and clients of it in both flavours."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.results.values import TIMES
from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings
from tests.support.flavours import MakeClient, client_maker

__all__ = ["bh", "clock", "flavour", "interrupt", "make", "server", "surroundings"]

if TIMES > 1:
    settings.register_profile(
        "full", max_examples=100 * TIMES, derandomize=False, database=None, deadline=None
    )
    settings.load_profile("full")


@pytest.fixture(scope="session")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator for all tests of results."""
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
