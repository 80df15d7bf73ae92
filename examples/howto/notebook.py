"""What a notebook shows: a result as a table, and progress while it runs."""

from bytehouse import ByteHouse

bh = ByteHouse()
result = bh.query("SELECT id, shop FROM sales.orders ORDER BY id", progress=True)
shown = result._repr_html_()  # the last expression of a cell: `result` alone does this
print(shown.count("<tr>"), "rows in", shown[:6])
bh.close()
