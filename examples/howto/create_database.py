"""Create a database and a table, whether or not they exist already."""

from bytehouse import ByteHouse, Column, PartitionKey, TableSpec

visits = TableSpec(
    "visits",
    [Column("day", "Date"), Column("page", "String"), Column("user", "UInt64", nullable=True)],
    order_by=["day", "page"],
    partition_by=PartitionKey("day", "month"),
)

with ByteHouse() as bh:
    bh.databases.ensure("web", description="Visits of the site")
    print("created:", bh.tables.ensure("web", visits).created)
    print("created:", bh.tables.ensure("web", visits).created)
    bh.databases.delete("web")
