"""An interrupt at any line leaves nothing behind: no connection lost, none used in a wrong state,
no lock held, no key shown; and what comes out is the interrupt."""

import gc
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import h11
import httpcore
import pytest

import bytehouse
from bytehouse import ByteHouse
from tests.support.cases import TRIED
from tests.support.flavours import KEY, InLoop, Interrupted, client_maker
from tests.support.server import Reply, ScriptedServer, Seen, data

OURS = (str(Path(bytehouse.__file__).parent),)
LIBRARIES = tuple(str(Path(module.__file__ or "").parent) for module in (httpcore, h11))
DESCRIPTORS = Path("/proc/self/fd")
ROWS = Reply(
    body={"data": [{"columns": [["n", "Int64"]], "rows": [[n] for n in range(20)]}]}, chunked=True
)


def read(bh: ByteHouse) -> object:
    """Make a small call."""
    return bh.databases.get("d")


def query(bh: ByteHouse) -> object:
    """Read rows, and leave some of them unread."""
    with bh.query("SELECT 1") as result:
        return next(iter(result))


@contextmanager
def interrupted_at(wanted: int, where: tuple[str, ...], function: str = "") -> Iterator[list[int]]:
    """Raise an interrupt at a line of these packages, or of one function there, counted from the
    beginning of the block."""
    lines = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(where) or function not in ("", code.co_name):
            return None
        if event == "line":
            lines[0] += 1
            if lines[0] == wanted:
                raise Interrupted
        return trace

    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(None)


def wait_for_closing(most: int) -> None:
    """Wait until there are no more descriptors than these: the server notices a moment later that a
    connection was closed."""
    until = time.monotonic() + 5
    while len(list(DESCRIPTORS.iterdir())) > most and time.monotonic() < until:
        gc.collect()
        time.sleep(0.1)


def shown(error: BaseException) -> str:
    """Return a traceback with the local variables of all frames but those of tests."""
    seen = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(OURS + LIBRARIES):
            for name, value in frame.f_locals.items():
                with suppress(AttributeError):  # an object that is not complete
                    seen += f"{name}={value!r}\n"
    return seen


def attack(
    url: str, call: Callable[[ByteHouse], object], where: tuple[str, ...], step: int, flavour: str
) -> tuple[int, dict[int, object]]:
    """Interrupt a call at every so many lines; return how many, and what then went wrong."""
    wrong: dict[int, object] = {}
    settings: Any = {"max_connections": 1, "timeout": 9, "deadline": 9, "max_retries": 0}
    with InLoop() as loop, closing(client_maker(flavour, loop)(url, KEY, **settings)) as bh:
        call(bh)
        wanted = tried = 1
        before = len(list(DESCRIPTORS.iterdir()))
        lines = [0]
        while True:
            try:
                with interrupted_at(wanted, where) as lines:
                    call(bh)
            except Interrupted as error:
                if KEY[5:] in shown(error):
                    wrong[wanted] = shown(error)
            except BaseException as error:  # noqa: BLE001 - it should have been the interrupt
                wrong[wanted] = repr(error)
            # Every slot is there again.
            try:
                bh.databases.get("next", timeout=5)
            except Exception as error:  # noqa: BLE001 - no error at all is right
                wrong[wanted] = repr(error)
                bh.databases.get("next", max_retries=3)
            if lines[0] < wanted:
                gc.collect()
                wrong |= {-n: "open" for n in range(len(list(DESCRIPTORS.iterdir())) - before - 8)}
                return tried, wrong
            wanted += step
            tried += 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("call", [read, query])
@pytest.mark.parametrize(
    ("flavour", "where"),
    [("sync", OURS), ("sync", LIBRARIES), ("async", OURS), ("aiohttp", OURS)],
    ids=["sync-ours", "sync-libraries", "async-ours", "aiohttp-ours"],
)
@pytest.mark.parametrize(
    "step", [7, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(250)])]
)
def test_an_interrupt_at_any_line_leaves_nothing_behind(
    server: ScriptedServer,
    call: Callable[[ByteHouse], object],
    where: tuple[str, ...],
    step: int,
    flavour: str,
) -> None:
    """The next call finds its connection, and the server serves no more connections than that."""

    def handler(seen: Seen) -> Reply:
        return ROWS if seen.operation == "submit_sync_query" else data({"name": "d"})

    server.handler = handler
    threads, descriptors = threading.active_count(), len(list(DESCRIPTORS.iterdir()))
    tried, wrong = attack(server.url, call, where, step, flavour)
    TRIED["interrupts"] += tried
    assert not wrong, f"{len(wrong)} of {tried}: {dict(list(wrong.items())[:3])}"
    assert tried > 100 // step
    assert threading.active_count() <= threads + 6  # some are kept, but not one for each try
    # What the loops of interrupted calls held is garbage of this test, and of no later one.
    wait_for_closing(descriptors + 4)
    assert len(list(DESCRIPTORS.iterdir())) <= descriptors + 8


def test_a_connection_that_is_interrupted_before_it_is_in_use_is_closed(
    server: ScriptedServer,
) -> None:
    """An idle connection of aiohttp is taken out of its pool, and asked whether it still works."""
    server.handler = lambda _: data({"name": "d"})
    settings: Any = {"max_connections": 1, "max_retries": 0}
    with (
        InLoop() as loop,
        closing(client_maker("aiohttp", loop)(server.url, KEY, **settings)) as bh,
    ):
        read(bh)
        before = len(list(DESCRIPTORS.iterdir()))
        for _ in range(10):
            with pytest.raises(Interrupted), interrupted_at(1, OURS, function="is_connected"):
                read(bh)
            read(bh)
        wait_for_closing(before)
        assert len(list(DESCRIPTORS.iterdir())) <= before + 4
