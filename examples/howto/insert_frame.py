"""Insert a pandas frame, and read one back."""

import pandas as pd

from bytehouse import ByteHouse

frame = pd.DataFrame(
    {"id": [5, 6], "day": pd.to_datetime(["2026-11-03", "2026-11-04"]).date, "amount": [1.5, 2.5]}
)

with ByteHouse() as bh:
    bh.insert("sales.orders", frame)
    found = bh.query("SELECT day, sum(amount) AS total FROM sales.orders GROUP BY day ORDER BY day")
    print(found.to_pandas())
