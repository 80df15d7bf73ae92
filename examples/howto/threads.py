"""Share one client among threads."""

from concurrent.futures import ThreadPoolExecutor

from bytehouse import ByteHouse

with ByteHouse(max_connections=8) as bh, ThreadPoolExecutor(8) as pool:

    def total(shop: str) -> tuple[str, object]:
        """Return what a shop has sold."""
        sql = "SELECT sum(amount) FROM sales.orders WHERE shop = {shop}"
        return shop, bh.query(sql, params={"shop": shop}).scalar()

    print(dict(pool.map(total, ["north", "south"])))
