"""See what a query read and cost, and which tables it reads."""

from bytehouse import ByteHouse

SQL = "SELECT sum(amount) FROM sales.orders"

with ByteHouse() as bh:
    result = bh.query(SQL)
    print(result.scalar())
    print(bh.statistics.query(result.query_id)["readRows"], "rows read")
    print(bh.queries.lineage(SQL).to_dict())
