"""Let a role read a table and use a warehouse, and take it back."""

from bytehouse import ByteHouse

with ByteHouse() as bh:
    bh.permissions.grant("Analyst", "SELECT", on="sales.orders")
    bh.permissions.grant("Analyst", "USE", on="etl", kind="VIRTUAL_WAREHOUSE")
    print([found.action_name for found in bh.permissions.list("Analyst", on="sales.orders")])
    count = bh.query("SELECT count() FROM sales.orders", role="Analyst", warehouse="etl")
    print("as Analyst:", count.scalar())
    bh.permissions.revoke("Analyst", "SELECT", on="sales.orders")
