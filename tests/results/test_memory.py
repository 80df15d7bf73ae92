"""A result of any size is read in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.slow  # answers of hundreds of megabytes

ROWS = 300_000
# Half of the rows would take 60 MB, and 20 MB in Arrow or as the text that comes.
GROWTH = 9 << 20
READER = """
import asyncio, sys
from bytehouse import AsyncByteHouse, ByteHouse
host, form, folder, warm_up = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
def peak():
    # What getrusage tells begins with the memory of the process that started this one.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
def read(rows, count):
    base = 0
    for row in rows:
        seen = count(row)
        base = base or (peak() if seen > warm_up else 0)
    return base, seen
def counting(size=lambda row: 1):
    seen = [0]
    def count(row):
        seen[0] += size(row)
        return seen[0]
    return count
async def areading():
    async with AsyncByteHouse(host, "k") as bh:
        base, seen = 0, 0
        async for row in await bh.query("SELECT 1"):
            seen += 1
            base = base or (peak() if seen > warm_up else 0)
        return base, seen
with ByteHouse(host, "k") as bh:
    if form == "async":
        base, seen = asyncio.run(areading())
    elif form == "rows":
        base, seen = read(bh.query("SELECT 1"), counting())
    elif form == "arrow_batches":
        import pyarrow
        # Of what is freed, its pool gives back as much as it likes.
        peak = pyarrow.default_memory_pool().max_memory
        base, seen = read(bh.query("SELECT 1").arrow_batches(), counting(lambda b: b.num_rows))
    elif form == "csv":
        bh.query("SELECT 1", max_rows=1).to_csv(f"{folder}/few.csv")
        base = peak()
        bh.query("SELECT 1").to_csv(f"{folder}/all.csv")
        with open(f"{folder}/all.csv") as file:
            seen = sum(1 for _ in file) - 1
    else:
        import pyarrow.parquet
        peak = pyarrow.default_memory_pool().max_memory
        for name, most in (("few", 1), ("all", 0)):
            base = peak()
            bh.query("SELECT 1", max_rows=most).to_parquet(f"{folder}/{name}.parquet")
        seen = pyarrow.parquet.read_metadata(f"{folder}/all.parquet").num_rows
print(peak() - base, seen)
"""


@pytest.fixture(scope="module")
def body() -> bytes:
    """Return an answer with many rows."""
    return answer(ROWS)


def answer(count: int) -> bytes:
    """Return an answer with so many rows."""
    columns = '[["n","Int64"],["s","String"],["x","Float64"]]'
    rows = ",".join(f'["{n}","{f"name {n} " * 10}",{n}.5]' for n in range(count))
    return f'{{"data":[{{"columns":{columns},"rows":[{rows}]}}]}}'.encode()


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("form", ["rows", "async", "arrow_batches", "csv", "parquet"])
def test_reading_on_takes_no_more_memory(
    server: ScriptedServer, body: bytes, tmp_path: Path, form: str
) -> None:
    """Once half of the rows have been read, the others come and go."""
    few = answer(ROWS // 2)

    def reply(seen: Seen) -> Reply:
        return Reply(body=few if seen.json.get("maxRowsReturn") else body, chunked=True)

    server.handler = reply
    run = subprocess.run(
        [sys.executable, "-c", READER, server.url, form, str(tmp_path), str(ROWS // 2)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    grown, seen = map(int, run.stdout.split())
    assert seen == ROWS
    assert grown < GROWTH
