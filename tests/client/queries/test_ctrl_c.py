"""Whoever gives a query up, in whatever way, leaves none behind on the service."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, OutcomeUnknown, TimedOut
from bytehouse_emulator.testing import RunningEmulator
from tests.client.queries.conftest import ProcessList
from tests.client.queries.programs import ENDLESS, MARK, PROGRAMS
from tests.client.queries.terminal import Terminal

AT_ONCE = 1.0


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "that_takes_leave"])
def test_ctrl_c_in_a_terminal_kills_the_query(
    emulator: RunningEmulator, processes: ProcessList, variables: dict[str, str], program: str
) -> None:
    """A second after the key is pressed, the engine's process list is empty; the program ends as
    Ctrl-C ends one, and shows no key."""
    command = ("-m", "tests.client.queries.programs", program)
    with Terminal(*command, environment=variables) as terminal:
        processes.await_that(MARK, runs=True)
        if program == "switched":
            while not emulator.journal("get_async_query_status"):
                time.sleep(0.05)
        terminal.press_ctrl_c()
        assert processes.await_that(MARK, runs=False, within=5) < AT_ONCE
        assert terminal.wait() == -signal.SIGINT
        assert "KeyboardInterrupt" in terminal.shown
        assert emulator.token not in terminal.shown


def test_a_program_that_takes_leave_kills_its_query(
    processes: ProcessList, variables: dict[str, str]
) -> None:
    """SIGTERM, which by itself leaves a program no time, becomes an exit like any other where the
    program says so."""
    command = ("-m", "tests.client.queries.programs", "that_takes_leave")
    with Terminal(*command, environment=variables) as terminal:
        processes.await_that(MARK, runs=True)
        terminal.process.terminate()
        assert processes.await_that(MARK, runs=False, within=5) < AT_ONCE
        assert terminal.wait() == 3


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0.5}, {"timeout": 0.5, "asynchronous": True}, {"timeout": 1.3, "async_after": 1}],
    ids=["at once", "behind", "switched"],
)
def test_no_query_outlives_its_time(
    live: ByteHouse, processes: ProcessList, options: dict[str, Any]
) -> None:
    """When the time is over the engine's process list is empty, wherever the query ran."""
    began = time.monotonic()
    with pytest.raises((TimedOut, OutcomeUnknown)):
        live.query(ENDLESS, **options)
    assert not processes.holds(MARK)
    assert time.monotonic() - began < options["timeout"] + AT_ONCE


def test_tasks_that_are_cancelled_leave_no_query(
    emulator: RunningEmulator, processes: ProcessList
) -> None:
    """Nor do several, wherever they run."""

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
