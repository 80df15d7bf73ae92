"""Load a file of this machine."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from bytehouse import ByteHouse

with TemporaryDirectory() as folder, ByteHouse() as bh:
    path = Path(folder, "orders.csv")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "day", "amount"), (7, "2026-11-05", "9.99")])
    report = bh.load(path, into="sales.orders")
    print(report.rows_written, "rows written,", report.rows_refused, "refused")
