"""One emulator for the tests of the DB-API module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bytehouse import dbapi
from bytehouse_emulator.testing import RunningEmulator
from tests.client.queries.conftest import shared_emulator
from tests.support.fixtures import server, surroundings

__all__ = ["server", "shared_emulator", "surroundings"]


@pytest.fixture
def emulator(shared_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator with nothing but a database `d`."""
    shared_emulator.reset()
    shared_emulator.result_shape("columns")
    shared_emulator.clear_faults()
    shared_emulator.seed({"databases": [{"name": "d"}]})
    shared_emulator.clear_journal()
    return shared_emulator


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
