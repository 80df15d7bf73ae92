"""`bh.clickhouse()`: clickhouse-connect against the ClickHouse interface of the emulator."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, InvalidArgument
from bytehouse_emulator.testing import RunningEmulator, running_emulator

ROWS = [[1, "x", None], [2, "y", 2.5]]


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator with a table `d.t` for each flavour."""
    with running_emulator() as running:
        with ByteHouse(**running.client_arguments) as bh:
            bh.databases.create("d")
            for name in ("sync", "asynchronous"):
                bh.query(
                    f"CREATE TABLE d.{name} (a Int64 NOT NULL, b String NOT NULL, c Float64)"
                    " ENGINE = CnchMergeTree ORDER BY a"
                )
        yield running


def test_rows_are_inserted_and_read(emulator: RunningEmulator) -> None:
    """The columns that ByteHouse adds to DESCRIBE do not stop an insert."""
    with ByteHouse(**emulator.client_arguments) as bh, bh.clickhouse() as client:
        client.insert("sync", ROWS, database="d")
        client.insert("sync", [["z", 3]], column_names=["b", "a"], database="d")
        found = client.query("SELECT a, b, c FROM d.sync ORDER BY a").result_rows
        assert found == [(1, "x", None), (2, "y", 2.5), (3, "z", None)]
        with client.query_rows_stream("SELECT number FROM numbers(200000)") as stream:
            assert sum(row[0] for row in stream) == 19_999_900_000
        with pytest.raises(InvalidArgument, match="no column 'nothing'"):
            client.insert("sync", [[1]], column_names=["nothing"], database="d")


def test_asynchronously_too(emulator: RunningEmulator) -> None:
    """The asynchronous client of clickhouse-connect does the same."""

    async def main() -> list[tuple[object, ...]]:
        async with AsyncByteHouse(**emulator.client_arguments) as bh:
            client = await bh.clickhouse()
            await client.insert("asynchronous", ROWS, database="d")
            found = await client.query("SELECT a, b, c FROM d.asynchronous ORDER BY a")
            await client.close()
            return [tuple(row) for row in found.result_rows]

    assert asyncio.run(main()) == [tuple(row) for row in ROWS]
