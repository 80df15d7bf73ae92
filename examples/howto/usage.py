"""Look at what was stored and computed, by day, database and warehouse."""

from bytehouse import ByteHouse

with ByteHouse() as bh:
    stored = bh.usage.storage("3d", daily=True)
    print("bytes by database:", sorted(map(str, stored.by_database())))
    print("days:", len(stored.by_day()))
    computed = bh.usage.warehouse("1d")
    print("credits by warehouse:", sorted(map(str, computed.by_warehouse())))
    print(computed.to_pandas()[["warehouse", "queries", "seconds"]])
