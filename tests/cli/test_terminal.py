"""What the command does in a terminal: the shell, progress, and Ctrl-C at any time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from tests.client.queries.conftest import ProcessList
from tests.client.queries.programs import ENDLESS, MARK
from tests.client.queries.terminal import Terminal

# Seconds: one, and more as programs wait for each processor. It takes 0.1 to 0.4: a call on a new
# connection, and what the engine takes to notice that the query was killed.
PROMPT = 1.0 + os.getloadavg()[0] / (os.cpu_count() or 1) / 2
# Ctrl-D: at a prompt alone, since a terminal drops one that is pressed while no program reads keys.
END = "\x04"
PROGRAM = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from bytehouse_cli import main
main()
"""


@pytest.fixture(scope="module")
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator with a table."""
    bytehouse_emulator.reset()
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        bh.databases.create("sales")
        bh.tables.create("sales", "orders", {"id": "UInt64", "note": "String"}, order_by="id")
    return bytehouse_emulator


@pytest.fixture
def processes(emulator: RunningEmulator) -> Iterator[ProcessList]:
    """Return the process list of the emulator's engine."""
    with ByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as client:
        yield ProcessList(client)


@pytest.fixture
def environment(emulator: RunningEmulator, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a user of the emulator."""
    return {
        "BYTEHOUSE_HOST": emulator.url,
        "BYTEHOUSE_API_KEY": emulator.token,
        "BYTEHOUSE_MODE": "clickhouse_sql",
        "HOME": str(tmp_path),
        "EDITOR": "sed -i s/id/id+35/",
        "LINES": "40",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }


def in_terminal(environment: dict[str, str], *arguments: str) -> Terminal:
    """Run the command in a terminal of its own."""
    return Terminal("-c", PROGRAM, *arguments, environment=environment)


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", ENDLESS],
        ["query", ENDLESS, "-o", "{folder}/out.parquet"],
        ["export", ENDLESS, "{folder}/out.csv"],
        ["api", "submit_sync_query", "--query", ENDLESS],
    ],
    ids=["query", "query to a file", "export", "api"],
)
def test_ctrl_c_kills_the_query(
    processes: ProcessList, environment: dict[str, str], arguments: list[str], tmp_path: Path
) -> None:
    """The engine's process list is empty soon after, and the command says that it was stopped."""
    arguments = [one.replace("{folder}", str(tmp_path)) for one in arguments]
    with in_terminal(environment, *arguments) as terminal:
        processes.wait_until(MARK, runs=True)
        terminal.press_ctrl_c()
        assert processes.wait_until(MARK, runs=False, within=5) < PROMPT
        assert terminal.wait() == 130
        assert "Interrupted." in terminal.shown
        assert "Traceback" not in terminal.shown
    assert not list(tmp_path.glob("*out*"))


def test_sigterm_kills_the_query(processes: ProcessList, environment: dict[str, str]) -> None:
    """What ends a program from outside leaves nothing running on the service."""
    with in_terminal(environment, "query", ENDLESS) as terminal:
        processes.wait_until(MARK, runs=True)
        terminal.process.send_signal(signal.SIGTERM)
        assert processes.wait_until(MARK, runs=False, within=5) < PROMPT
        assert terminal.wait() == 143


def test_the_shell_runs_statements_in_one_session(environment: dict[str, str]) -> None:
    """USE holds; names are completed; an error and Ctrl-C at the prompt do not end it."""
    with in_terminal(environment, "shell") as terminal:
        terminal.wait_for("bytehouse>")
        terminal.enter("SELECT 1 +\r")
        terminal.enter("41 AS answer;\r")
        assert "42" in terminal.wait_for("1 row in")
        terminal.enter("SELECT wrong;\r")
        terminal.wait_for("Error: ")
        terminal.wait_for("bytehouse>")
        terminal.enter("half a statement")
        terminal.press_ctrl_c()
        terminal.wait_for("bytehouse>")
        terminal.enter("USE sales;\r")
        terminal.wait_for("bytehouse sales>")
        terminal.enter("INSERT INTO orders VALUES (7, 'seven');\r")
        terminal.wait_for("OK in")
        terminal.enter("\\d\r")
        terminal.wait_for("orders")
        terminal.wait_for("bytehouse sales>")
        terminal.enter("\\d orders\r")
        terminal.wait_for("UInt64")
        terminal.wait_for("bytehouse sales>")
        terminal.enter("SELECT note FROM sales.ord\t")
        terminal.wait_for("ers")
        terminal.enter(";\r")
        terminal.wait_for("1 row in")
        terminal.enter("\\format json\r")
        terminal.wait_for("bytehouse sales>")
        terminal.enter("SELECT id FROM orders;\r")
        terminal.wait_for('{"id":7}')
        terminal.wait_for("bytehouse sales>")
        terminal.enter("\\e\r")
        terminal.wait_for("SELECT")  # the statement as edited, to be entered or changed further
        terminal.enter("\r")
        terminal.wait_for('{"plus(id, 35)":42}')
        terminal.enter("\\timing\r")
        terminal.wait_for("Timing is on.")
        terminal.enter("\\l\r")
        terminal.wait_for('"sales"')
        terminal.enter("SELECT 1;\r")
        terminal.wait_for("Time: ")
        terminal.enter("\\q\r")
        assert terminal.wait() == 0
        assert "Traceback" not in terminal.shown


def test_ctrl_c_in_the_shell_cancels_the_statement_alone(
    processes: ProcessList, environment: dict[str, str], tmp_path: Path
) -> None:
    """The next statement is answered, and the history is kept for the next time."""
    with in_terminal(environment, "shell") as terminal:
        terminal.wait_for("bytehouse>")
        terminal.enter(f"{ENDLESS};\r")
        processes.wait_until(MARK, runs=True)
        terminal.press_ctrl_c()
        assert processes.wait_until(MARK, runs=False, within=5) < PROMPT
        terminal.wait_for("Cancelled.")
        terminal.wait_for("bytehouse>")
        terminal.enter("SELECT 6 * 7 AS answer;\r")
        assert "42" in terminal.wait_for("1 row in")
        terminal.wait_for("bytehouse>")
        terminal.enter(END)
        assert terminal.wait() == 0
    history = tmp_path / ".local" / "state" / "bytehouse" / "history"
    assert "SELECT 6 * 7 AS answer;" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_the_shell_runs_where_nothing_can_be_kept(environment: dict[str, str]) -> None:
    """Without a home to write into it says so; the prompt names the database that was given."""
    environment |= {"HOME": "/proc/none", "BYTEHOUSE_DATABASE": "sales"}
    with in_terminal(environment, "shell") as terminal:
        terminal.wait_for("The history is not kept:")
        terminal.wait_for("bytehouse sales>")
        terminal.enter("\\timing off\r")
        terminal.wait_for("Timing is off.")
        terminal.enter("help\r")
        terminal.wait_for("list the databases")
        terminal.enter("SELECT 6 * 7 AS answer;\r")
        assert "42" in terminal.wait_for("1 row in")
        terminal.wait_for("bytehouse sales>")
        terminal.enter(END)
        assert terminal.wait() == 0


def test_the_shell_needs_a_terminal(environment: dict[str, str]) -> None:
    """With a pipe it says what to use instead."""
    with in_terminal(environment, "shell", "--format", "csv") as terminal:
        terminal.wait_for("bytehouse>")
        terminal.enter("exit\r")
        assert terminal.wait() == 0


def test_ctrl_c_stops_a_load(
    processes: ProcessList, environment: dict[str, str], tmp_path: Path
) -> None:
    """Nothing more is inserted, and what is in the table is said."""
    with ByteHouse(environment["BYTEHOUSE_HOST"], environment["BYTEHOUSE_API_KEY"]) as bh:
        bh.query(
            "CREATE TABLE sales.slow (id UInt64, s UInt8 MATERIALIZED sleepEachRow(0.02))"
            " ENGINE = CnchMergeTree ORDER BY id"
        )
    file = tmp_path / "many.csv"
    file.write_text("id\n" + "".join(f"{n}\n" for n in range(140)))
    with in_terminal(environment, "load", str(file), "sales.slow") as terminal:
        processes.wait_until("INSERT INTO", runs=True)
        terminal.press_ctrl_c()
        assert processes.wait_until("INSERT INTO", runs=False, within=5) < PROMPT
        assert terminal.wait() == 130
        assert "the first 0 rows are in the table." in terminal.shown
        assert "Traceback" not in terminal.shown
