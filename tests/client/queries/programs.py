"""What users run in a terminal: programs whose query goes on until it is stopped.

    python -m tests.client.queries.programs NAME

A program takes host and key from the environment, as users' programs do.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
import termios
from collections.abc import Callable
from typing import Final

from bytehouse import AsyncByteHouse, ByteHouse, dbapi

MARK: Final = "never_ends"
"""Name by which the query of each program is known."""
ENDLESS: Final = (
    f"SELECT count(sleepEachRow(0.05)) AS {MARK} FROM numbers(100000) SETTINGS max_block_size = 1"
)


def at_once() -> None:
    """Wait for the result of a statement."""
    with ByteHouse() as bh:
        bh.query(ENDLESS)


def streamed() -> None:
    """Read rows until there are no more."""
    with ByteHouse() as bh, bh.query(ENDLESS) as result:
        for row in result:
            sys.stdout.write(str(row))


def in_a_session() -> None:
    """Run a statement in a session."""
    with ByteHouse() as bh, bh.session() as session:
        session.query("SET max_threads = 1")
        session.query(ENDLESS)


def with_progress() -> None:
    """Watch a bar."""
    with ByteHouse() as bh:
        bh.query(ENDLESS, progress=True)


def in_background() -> None:
    """Let a query run in the background, and wait for its result."""
    with ByteHouse() as bh:
        bh.query(ENDLESS, asynchronous=True)


def switched() -> None:
    """Let a query go on in the background, and wait for its result."""
    with ByteHouse() as bh:
        bh.query(ENDLESS, async_after=1)


def watched() -> None:
    """Submit a query, and wait for it."""
    with ByteHouse() as bh:
        bh.queries.submit(ENDLESS).wait()


def by_a_cursor() -> None:
    """Run a statement as DB-API does."""
    with dbapi.connect() as connection, connection.cursor() as cursor:
        cursor.execute(ENDLESS)


def in_a_task() -> None:
    """Await the result of a statement."""

    async def main() -> None:
        async with AsyncByteHouse() as bh:
            await bh.query(ENDLESS)

    asyncio.run(main())


def in_background_of_a_task() -> None:
    """Await the result of a query that runs in the background."""

    async def main() -> None:
        async with AsyncByteHouse() as bh:
            await bh.query(ENDLESS, asynchronous=True)

    asyncio.run(main())


def that_exits_on_sigterm() -> None:
    """Turn SIGTERM into an ordinary exit, as a service does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    at_once()


PROGRAMS: Final[dict[str, Callable[[], None]]] = {
    program.__name__: program
    for program in (
        at_once,
        streamed,
        in_a_session,
        with_progress,
        in_background,
        switched,
        watched,
        by_a_cursor,
        in_a_task,
        in_background_of_a_task,
        that_exits_on_sigterm,
    )
}


if __name__ == "__main__":
    if os.isatty(0):
        # Make the terminal this program's own, so that its Ctrl-C comes here.
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    PROGRAMS[sys.argv[1]]()
