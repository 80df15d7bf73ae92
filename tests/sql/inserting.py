"""What the tests of inserted values share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bytehouse import ByteHouse, InsertResult
from bytehouse_emulator.testing import RunningEmulator


class ViaClickHouse(ByteHouse):
    """A client that inserts through the ClickHouse interface."""

    def insert(self, *args: Any, **options: Any) -> InsertResult:
        return super().insert(*args, via="clickhouse", **options)


@pytest.fixture(
    scope="module", params=[ByteHouse, pytest.param(ViaClickHouse, marks=pytest.mark.slow)]
)
def bh(emulator: RunningEmulator, request: pytest.FixtureRequest) -> Iterator[ByteHouse]:
    """Return a client of an emulator with a database `d`; what it inserts, in either way."""
    emulator.reset()
    with request.param(**emulator.client_arguments, mode="clickhouse_sql") as client:
        client.databases.create("d")
        yield client


def create(bh: ByteHouse, **types: str) -> None:
    """Create the table `d.t` anew."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    bh.query(f"CREATE OR REPLACE TABLE d.t (i Int32, {columns}) ENGINE = MergeTree ORDER BY i")
