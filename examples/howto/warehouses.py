"""Resume a warehouse, run a query on it by its name, and suspend it."""

from bytehouse import ByteHouse

with ByteHouse() as bh:
    bh.warehouses.resume("etl", wait=True)
    print(bh.query("SELECT 1 + 1", warehouse="etl").scalar())
    bh.warehouses.suspend("etl", wait=True)
    for warehouse in bh.warehouses.list():
        print(warehouse.name, warehouse.status)
