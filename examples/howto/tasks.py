"""Make many calls at once with asyncio."""

import asyncio

from bytehouse import AsyncByteHouse


async def main() -> None:
    """Count the rows of all tables."""
    async with AsyncByteHouse() as bh, asyncio.TaskGroup() as group:
        tasks = {}
        async for table in bh.tables.list("sales"):
            query = bh.query(f"SELECT count() AS rows FROM sales.{table.name}")
            tasks[table.name] = group.create_task(query)
        results = {name: await (await task).scalar() for name, task in tasks.items()}
    print(results)


asyncio.run(main())
