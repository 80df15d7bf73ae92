"""A program that gives a query up, in whatever way, leaves none running on the service."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, TimedOut
from bytehouse_emulator.testing import RunningEmulator
from tests.client.queries.conftest import ProcessList
from tests.client.queries.programs import ENDLESS, MARK, PROGRAMS
from tests.client.queries.terminal import Terminal

PROMPT = 3.0  # seconds; one on a machine that has nothing else to do


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "that_exits_on_sigterm"])
def test_ctrl_c_in_a_terminal_kills_the_query(
    emulator: RunningEmulator, processes: ProcessList, variables: dict[str, str], program: str
) -> None:
    """Soon after the key is pressed, the engine's process list is empty; the program ends as Ctrl-C
    ends one, and shows no key."""
    command = ("-m", "tests.client.queries.programs", program)
    with Terminal(*command, environment=variables) as terminal:
        processes.wait_until(MARK, runs=True)
        if program == "switched":
            while not emulator.journal("get_async_query_status"):
                time.sleep(0.05)
        terminal.press_ctrl_c()
        assert processes.wait_until(MARK, runs=False, within=5) < PROMPT
        assert terminal.wait() == -signal.SIGINT
        assert "KeyboardInterrupt" in terminal.shown
        assert emulator.token not in terminal.shown


def test_a_program_that_exits_on_sigterm_kills_its_query(
    processes: ProcessList, variables: dict[str, str]
) -> None:
    """Where a program turns SIGTERM, which by itself ends it at once, into an ordinary exit."""
    command = ("-m", "tests.client.queries.programs", "that_exits_on_sigterm")
    with Terminal(*command, environment=variables) as terminal:
        processes.wait_until(MARK, runs=True)
        terminal.process.terminate()
        assert processes.wait_until(MARK, runs=False, within=5) < PROMPT
        assert terminal.wait() == 3


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0.5}, {"timeout": 0.5, "asynchronous": True}, {"timeout": 1.3, "async_after": 1}],
    ids=["at once", "in background", "switched"],
)
def test_no_query_outlives_its_time(
    live: ByteHouse, processes: ProcessList, options: dict[str, Any]
) -> None:
    """When the time is up the engine's process list is empty, wherever the query ran."""
    began = time.monotonic()
    with pytest.raises(TimedOut):
        live.query(ENDLESS, **options)
    took = time.monotonic() - began
    assert not processes.holds(MARK)
    assert took < options["timeout"] + PROMPT


def test_tasks_that_are_cancelled_leave_no_query(
    emulator: RunningEmulator, processes: ProcessList
) -> None:
    """Several at once, wherever they run."""

    async def together(bh: AsyncByteHouse) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(bh.query(ENDLESS))
            group.create_task(bh.query(ENDLESS, asynchronous=True))
            group.create_task(bh.session().query(ENDLESS))

    async def main() -> None:
        async with AsyncByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as bh:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(together(bh), 1)
            assert not await asyncio.to_thread(processes.holds, MARK)

    asyncio.run(main())
