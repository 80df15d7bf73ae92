"""Change a table: see the plan first, then apply it."""

from bytehouse import ByteHouse, Column, PartitionKey, TableSpec

columns = [
    Column("id", "UInt64"),
    Column("day", "Date"),
    Column("shop", "String", nullable=True),
    Column("amount", "Decimal(9, 2)"),
    Column("note", "String", nullable=True, comment="Free text"),
]
wanted = TableSpec("orders", columns, order_by="id", partition_by=PartitionKey("day", "month"))

with ByteHouse() as bh:
    plan = bh.tables.plan("sales", wanted)
    print(plan)
    plan.apply()  # allow_destructive=True where it drops something
    print("nothing left:", bh.tables.plan("sales", wanted).is_empty)
