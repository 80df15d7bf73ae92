"""Commands whose standard streams are closed, full or gone, each in a process of its own."""

from __future__ import annotations

from tests.cli.conftest import Bytehouse
from tests.cli.forkserver import CLOSED, NONE
from tests.cli.processes import bytehouse, configured, emulator, processes
from tests.support.cases import cases

__all__ = ["bytehouse", "configured", "emulator", "processes"]


@cases(
    ("words", "says"),
    [
        (["query"], "empty"),
        (["load", "-", "sales.orders"], "no header line"),
        (["databases", "drop", "sales"], "add --yes"),
        (["init"], "on standard input"),
        (["connections", "create", "k", "--type", "kafka", "--secret", "password"], "add --secret"),
        (["shell"], "needs a terminal"),
    ],
)
def test_closed_input_is_empty(bytehouse: Bytehouse, words: list[str], says: str) -> None:
    """As from a job without a terminal: what would ask or read says what is missing."""
    done = bytehouse(*words, given=NONE)
    assert done.code == 2, done
    assert says in done.err
    assert "Traceback" not in done.err


@cases(
    "words",
    [
        ["query", "SELECT 1"],
        ["databases", "list", "--format", "json"],
        ["config", "explain"],
        ["doctor"],
        ["completion", "bash"],
        ["--help"],
        ["--version"],
    ],
)
def test_output_that_has_no_place_is_an_error(bytehouse: Bytehouse, words: list[str]) -> None:
    """With the code for what cannot be written, closed or full."""
    for place, says in ((NONE, "Bad file descriptor"), ("/dev/full", "No space left on device")):
        done = bytehouse(*words, out=place)
        assert done.code == 6, (words, place, done)
        assert done.err == f"Error: {says}\n"


@cases("place", [NONE, CLOSED, "/dev/full"])
def test_messages_that_nobody_can_read_change_nothing(bytehouse: Bytehouse, place: str) -> None:
    """A command does its work, and ends with its code, whether or not it can tell so."""
    for words, code in (
        (["databases", "create", "sales"], 0),
        (["tables", "create", "-f", "orders.yaml"], 0),
        (["load", "orders.csv", "sales.orders"], 0),
        (["load", "odd.csv", "sales.orders", "--refused", "refused.ndjson"], 16),
        (["export", "sales.orders", "orders.parquet"], 0),
        (["databases", "drop", "sales", "--yes"], 0),
        (["databases", "get", "sales"], 9),
        (["query", "SELECT wrong"], 14),
        (["query"], 2),
    ):
        done = bytehouse(*words, err=place)
        assert done.code == code, (words, place, done)
