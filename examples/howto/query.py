"""Query with parameters, and read rows, one value, or dictionaries."""

from datetime import date

from bytehouse import ByteHouse

with ByteHouse() as bh:
    result = bh.query(
        "SELECT id, amount FROM sales.orders WHERE day >= {since} AND shop = {shop}",
        params={"since": date(2026, 11, 1), "shop": "south"},
    )
    for number, amount in result:
        print(number, amount)
    print(bh.query("SELECT max(day) FROM sales.orders").scalar())
    print(list(bh.query("SELECT id, shop FROM sales.orders ORDER BY id LIMIT 1").mappings()))
