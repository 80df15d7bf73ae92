"""One emulator for the tests of the DB-API module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bytehouse import dbapi
from bytehouse_emulator.testing import RunningEmulator
from tests.support.fixtures import server, surroundings

__all__ = ["server", "surroundings"]


@pytest.fixture
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator with nothing but a database `d`."""
    bytehouse_emulator.reset()
    bytehouse_emulator.seed({"databases": [{"name": "d"}]})
    bytehouse_emulator.clear_journal()
    return bytehouse_emulator


@pytest.fixture
def connection(emulator: RunningEmulator) -> Iterator[dbapi.Connection]:
    """Return a connection to the database `d`."""
    arguments = emulator.client_arguments
    with dbapi.connect(**arguments, database="d", mode="clickhouse_sql") as made:
        yield made


@pytest.fixture
def cursor(connection: dbapi.Connection) -> Iterator[dbapi.Cursor]:
    """Return a cursor of a connection to the database `d`."""
    with connection.cursor() as made:
        yield made
