"""Delete old data, a partition at a time."""

from bytehouse import ByteHouse

with ByteHouse() as bh:
    oldest, *_ = sorted(str(p.partition) for p in bh.partitions.list("sales", "orders"))
    bh.partitions.delete("sales", "orders", [oldest])
    print("left:", bh.query("SELECT count() FROM sales.orders").scalar())
