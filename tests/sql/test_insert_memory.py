"""Rows of any number are inserted in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cases import cases
from tests.support.server import ScriptedServer, data

pytestmark = pytest.mark.slow  # statements of a hundred megabytes

ROWS = 600_000
# A statement has 8 MB, and the rows as text have 10 times as many.
GROWTH = 24 << 20
WRITER = """
import csv, sys
from bytehouse import ByteHouse
host, form, folder, count = *sys.argv[1:4], int(sys.argv[4])
def peak():
    # What getrusage tells begins with the memory of the process that started this one.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
def rows():
    return ((n, f"name {n} " * 10, n / 7) for n in range(count))
def batches():
    import pyarrow
    names = ["n", "s", "x"]
    kinds = [pyarrow.int64(), pyarrow.string(), pyarrow.float64()]
    yield (schema := pyarrow.schema(zip(names, kinds)))
    for begin in range(0, count, 50_000):
        part = [(n, f"name {n} " * 10, n / 7) for n in range(begin, min(count, begin + 50_000))]
        yield pyarrow.record_batch(dict(zip(names, map(list, zip(*part)))), schema=schema)
if form == "tuples":
    source = rows()
elif form == "csv":
    source = f"{folder}/rows.csv"
    with open(source, "w", newline="") as file:
        csv.writer(file).writerows([["n", "s", "x"]])
        csv.writer(file).writerows(rows())
else:
    import pyarrow.parquet
    parts = batches()
    schema = next(parts)
    if form == "parquet":
        source = f"{folder}/rows.parquet"
        with pyarrow.parquet.ParquetWriter(source, schema) as writer:
            for part in parts:
                writer.write_batch(part)
    else:
        source = pyarrow.RecordBatchReader.from_batches(schema, parts)
base = 0
def on_block(done):
    global base
    base = base or (peak() if done > count // 3 else 0)
with ByteHouse(host, "k") as bh:
    types = {"n": "Int64", "s": "String", "x": "Float64"}
    done = bh.insert("d.t", source, column_types=types, on_block=on_block)
print(peak() - base, int(done))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@cases("form", ["tuples", "csv", "parquet", "arrow"])
def test_inserting_on_takes_no_more_memory(
    server: ScriptedServer, tmp_path: Path, form: str
) -> None:
    """Once a third of the rows have been sent, the others come and go."""
    server.handler = lambda _: data([])
    command = [sys.executable, "-c", WRITER, server.url, form, str(tmp_path), str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    grown, inserted = map(int, done.stdout.split())
    assert inserted == ROWS
    assert grown < GROWTH, form
