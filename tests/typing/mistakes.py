"""What a user's type checker must report: each line that ends in `# wrong`, and no other."""

from __future__ import annotations

from bytehouse import AsyncByteHouse, ByteHouse, ByteHuose, CallOptions, TableSpec  # wrong


def mistakes(bh: ByteHouse, spec: TableSpec) -> None:
    """Make one mistake a line."""
    print(ByteHuose)
    bh.databases.get("sales", rol="Analyst")  # wrong
    bh.databases.get("sales", timeout="soon")  # wrong
    bh.databases.get()  # wrong
    bh.databases.create("sales", descripton="x")  # wrong
    bh.databases.list(page_size="10")  # wrong
    print(bh.databases.get("sales").nme)  # wrong
    bh.queries.execute("SELECT 1", mode="mysql")  # wrong
    bh.query("SELECT 1", parms={"a": 1})  # wrong
    bh.query("SELECT 1", params=[1])  # wrong
    bh.insert("d.t", 5)  # wrong
    bh.tables.create("d", spec, order_by="id")  # wrong
    bh.tables.create("d", "t", order_by="id")  # wrong
    bh.tables.create("d", "t", {"id": "UInt64"})  # wrong
    bh.warehouses.wait("w", "sideways")  # wrong
    bh.api_keys.set_status("k", "OFF")  # wrong
    bh.import_jobs.create("j", configuration={}, state="HALF")  # wrong
    bh.with_options(wharehouse="w")  # wrong
    bh.with_options(mode="mysql")  # wrong
    ByteHouse("h", "k", mode="mysql")  # wrong
    ByteHouse("h", "k", retries=3)  # wrong
    options: CallOptions = {"rle": "Analyst"}  # wrong
    bh.databases.get("sales", **options)


async def forgotten(bh: AsyncByteHouse) -> str | None:
    """Forget to wait."""
    for found in bh.databases.list().pages():  # wrong
        print(found)
    for database in bh.databases.list():  # wrong
        print(database)
    return bh.databases.get("sales").name  # wrong
