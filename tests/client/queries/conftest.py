"""One emulator for the tests of queries: clients in both flavours, and its process list."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator
from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings
from tests.support.flavours import MakeClient

__all__ = ["bh", "clock", "flavour", "interrupt", "make", "server", "surroundings"]


@pytest.fixture
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator in which nothing has happened."""
    bytehouse_emulator.reset()
    return bytehouse_emulator


@pytest.fixture
def live(make: MakeClient, emulator: RunningEmulator) -> ByteHouse:
    """Return a client of the emulator, with the real clock."""
    return make(**emulator.client_arguments, clock=None, mode="clickhouse_sql")


class ProcessList:
    """The queries that the emulator's engine runs."""

    def __init__(self, client: ByteHouse) -> None:
        self._client = client

    def holds(self, mark: str) -> bool:
        """Return whether a query runs that contains a string."""
        sql = (
            "SELECT count() FROM system.processes"
            " WHERE position(query, {mark}) > 0 AND position(query, 'system.processes') = 0"
        )
        return bool(self._client.query(sql, params={"mark": mark}).scalar())

    def wait_until(self, mark: str, *, runs: bool, within: float = 15.0) -> float:
        """Wait until a query runs, or no longer runs; return how many seconds that took."""
        began = time.monotonic()
        while self.holds(mark) != runs:
            took = time.monotonic() - began
            assert took < within, (
                f"{mark} {'does not run' if runs else 'runs on'} after {took:.1f} s"
            )
            time.sleep(0.02)
        return time.monotonic() - began


@pytest.fixture
def processes(emulator: RunningEmulator) -> Iterator[ProcessList]:
    """Return the process list of the emulator's engine."""
    with ByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as client:
        yield ProcessList(client)


@pytest.fixture
def variables(emulator: RunningEmulator) -> dict[str, str]:
    """Return the environment variables with which a program finds the emulator."""
    return {
        "BYTEHOUSE_HOST": emulator.url,
        "BYTEHOUSE_API_KEY": emulator.token,
        "BYTEHOUSE_MODE": "clickhouse_sql",
    }
