"""Insert rows: each value is checked, and what cannot be stored is handed back."""

from datetime import date
from decimal import Decimal

from bytehouse import ByteHouse

rows = [
    (3, date(2026, 11, 2), "north", Decimal("12.00")),
    (4, "tomorrow", "south", Decimal("3.00")),
]

with ByteHouse() as bh:
    inserted = bh.insert("sales.orders", rows, on_error="skip")
    print("inserted:", inserted)
    for row in inserted.skipped:
        print("skipped:", row.row, row.reason)
