"""Write a result to a file, whatever its size."""

from pathlib import Path
from tempfile import TemporaryDirectory

from bytehouse import ByteHouse

with TemporaryDirectory() as folder, ByteHouse() as bh:
    for name in ("orders.csv", "orders.parquet"):
        path = Path(folder, name)
        result = bh.query("SELECT * FROM sales.orders ORDER BY id")
        (result.to_csv if path.suffix == ".csv" else result.to_parquet)(path)
        print(name, path.stat().st_size > 0)
