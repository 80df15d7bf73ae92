"""Programs that show how far a query is, if somebody can see it.

python -m tests.client.queries.progress_programs NAME
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

from bytehouse import AsyncByteHouse, ByteHouse

SLOW: Final = "SELECT sum(sleepEachRow(0.05)) FROM numbers(8) SETTINGS max_block_size = 1"
ROWS: Final = 600
MANY: Final = f"SELECT number, repeat('x', 600) FROM numbers({ROWS})"


def say(value: object) -> None:
    """Print something."""
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


def waits() -> None:
    """Wait for a slow query."""
    with ByteHouse() as bh:
        say(bh.query(SLOW, progress=True).scalar())


def waits_in_a_task() -> None:
    """Wait for one in the background."""

    async def main() -> None:
        async with AsyncByteHouse() as bh:
            result = await bh.query(SLOW, progress=True, asynchronous=True)
            say(await result.scalar())

    asyncio.run(main())


def prints_rows() -> None:
    """Print rows as they come."""
    with ByteHouse() as bh:
        for number, _ in bh.query(MANY, progress=True):
            say(f"row {number}.")


def does_something_else() -> None:
    """Keep a result for later."""
    with ByteHouse() as bh:
        result = bh.query(MANY, progress=True)
        say("first")
        time.sleep(0.5)
        say("second")
        say(len(result.rows()))


PROGRAMS: Final[dict[str, Callable[[], None]]] = {
    program.__name__: program
    for program in (
        waits,
        waits_in_a_task,
        prints_rows,
        does_something_else,
    )
}


if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
