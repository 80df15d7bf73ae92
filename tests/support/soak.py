"""Hours of everything at once: faults, signals at random instants, cancelled tasks, forks, a slow
resolver; the emulator's journal judges what callers were told.

`make soak ARGS="--minutes 60"` mixes them. `ARGS="--interrupts 13000"` is about signals alone, with
no fault that might explain an error.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import attrs

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support import workload
from tests.support.flavours import Interrupted, client_maker
from tests.support.proxy import now_and_then, proxied

__all__ = ["FLAVOURS", "Report", "interrupted", "main", "mixed"]

FLAVOURS = ("sync", "async", "aiohttp")
ROWS = 2_000
SQL = f"SELECT number FROM numbers({ROWS})"
FORK_EVERY, MEASURE_AFTER = 250, 300


@attrs.define
class Report:
    """What a process that is interrupted all the time has seen.

    Attributes:
        account: What its calls returned.
        wrong: Errors that are no errors of ours, and calls after an interrupt that failed.
        interrupts: Signals that have ended a call.
        forks: Children that have closed a query of their parent.
        before: Descriptors, threads and MiB when it was warm.
        after: The same at the end.
    """

    account: workload.Account = attrs.Factory(workload.Account)
    wrong: list[str] = attrs.Factory(list)
    interrupts: int = 0
    forks: int = 0
    before: tuple[int, int, int] = (0, 0, 0)
    after: tuple[int, int, int] = (0, 0, 0)

    def check(self) -> None:
        """Fail if something is wrong, or what the process holds has grown."""
        assert not self.wrong, f"{len(self.wrong)} wrong: {self.wrong[:5]}"
        allowed = (8, 3, 40)
        for before, after, more in zip(self.before, self.after, allowed, strict=True):
            assert not before or after <= before + more, (self.before, self.after)


def held() -> tuple[int, int, int]:
    """Return the descriptors, the threads and the MiB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return descriptors, threading.active_count(), pages * os.sysconf("SC_PAGE_SIZE") >> 20


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Send this process a signal after a while, unless the block has ended by then."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def read_some(bh: ByteHouse, query_id: str) -> None:
    """Read a query to its end, or leave it early."""
    with bh.query(SQL, query_id=query_id) as result:
        for (number,) in result:
            if number == ROWS // 2 and query_id < "8":
                return


def read_beside_a_fork(bh: ByteHouse) -> None:
    """Read a query while a child of this process closes it too."""
    with bh.query(SQL) as result:
        rows = iter(result)
        next(rows)
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                result.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert sum(1 for _ in rows) == ROWS - 1


def slow_resolver(chance: random.Random) -> None:
    """Let each look-up of an address take a while."""
    lookup = socket.getaddrinfo

    def slow(*args: Any, **options: Any) -> Any:
        time.sleep(chance.random() / 30)
        return lookup(*args, **options)

    socket.getaddrinfo = slow


def work(report: Report, bh: ByteHouse, chance: random.Random, until: Callable[[], bool]) -> None:
    """Call, be interrupted, and call again, until it is enough."""
    takes: dict[str, float] = {}
    for number in count():
        if until():
            break
        query, name = str(uuid.UUID(int=chance.getrandbits(128))), f"i{chance.getrandbits(60):x}"
        operation, subject, act = chance.choices(
            (
                ("get_database", "d", partial(bh.databases.get, "d")),
                ("submit_sync_query", query, partial(read_some, bh, query)),
                ("create_database", name, partial(bh.databases.create, name)),
            ),
            (10, 10, 1),
        )[0]
        before = len(report.account.told)
        try:
            with alarm(chance.random() * takes.get(operation, 0.01) * 2 + 1e-6):
                report.account.note(operation, subject, act)
        except (KeyboardInterrupt, asyncio.CancelledError):  # after the call
            del report.account.told[before:]
            report.account.told.append(workload.Told(operation, subject, "interrupted"))
        except BaseException as error:  # noqa: BLE001 - none is right
            report.wrong.append(f"{operation}: {error!r:.300}")
        outcome = report.account.told[-1].outcome if len(report.account.told) > before else ""
        report.interrupts += outcome == "interrupted"
        # So that about every second call is interrupted, at any of its lines.
        takes[operation] = takes.get(operation, 0.01) * (1.01 if outcome == "interrupted" else 0.99)
        try:
            bh.databases.get("d")
            if number % FORK_EVERY == FORK_EVERY - 1:
                report.forks += 1
                read_beside_a_fork(bh)
        except BaseException as error:  # noqa: BLE001 - none is right
            report.wrong.append(f"the call after {operation} ({outcome}): {error!r:.300}")
        if number == MEASURE_AFTER:
            report.before = held()
    report.after = held()


def _child(
    results: Connection, address: tuple[str, str], flavour: str, seconds: float, most: int
) -> None:
    chance, report = random.Random(), Report()  # noqa: S311
    ends = time.monotonic() + seconds

    def strike(*_: object) -> None:
        if flavour == "sync":
            raise Interrupted
        # An event loop loses callbacks if it is interrupted between any two steps: as with Ctrl-C,
        # `asyncio.Runner` cancels the task; between two runs, and once it has ended, it has none.
        handler = signal.getsignal(signal.SIGINT)
        task = getattr(handler, "keywords", {}).get("main_task")
        if task is not None and not task.done():
            signal.raise_signal(signal.SIGINT)

    def until() -> bool:
        return time.monotonic() > ends or report.interrupts >= most

    signal.signal(signal.SIGALRM, strike)
    slow_resolver(chance)
    settings: dict[str, Any] = {
        "max_connections": 1, "timeout": 20.0, "retry_policy": workload.PATIENT,
    }  # fmt: skip
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        asyncio.Runner() as runner,
        closing(client_maker(flavour, runner)(*address, **settings)) as bh,
    ):
        bh.databases.create("d", if_not_exists=True)
        work(report, bh, chance, until)
    told = report.account.told
    results.send((told, attrs.asdict(report, filter=lambda field, _: field.name != "account")))


def interrupted(
    emulator: RunningEmulator,
    flavour: str,
    *,
    seconds: float,
    most: int = 1 << 60,
    share: float = 0,
) -> Report:
    """Interrupt calls of another process at random instants, and judge what they returned.

    Args:
        emulator: Whom to call.
        flavour: What to call with.
        seconds: How long.
        most: After how many interrupts to stop.
        share: How many of the requests meet a fault.
    """
    emulator.clear_journal()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with proxied(emulator.url, now_and_then(share, workload.BROKEN)) as proxy:
        url = (proxy.url if share else emulator.url).replace("127.0.0.1", "localhost")
        process = context.Process(
            target=_child, args=(there, (url, emulator.token), flavour, seconds, most)
        )
        process.start()
        there.close()
        try:
            told, rest = here.recv()
        finally:
            process.join(30)
            process.kill()
    report = Report(**rest)
    report.account.told = told
    workload.judge(report.account, emulator.journal())
    return report


def mixed(emulator: RunningEmulator, flavour: str, seconds: float) -> tuple[Report, Counter[str]]:
    """Do mixed operations under faults, beside a process that is interrupted all the time."""
    report = interrupted(emulator, flavour, seconds=seconds / 2, share=0.02)
    outcomes: Counter[str] = Counter()
    ends = time.monotonic() + seconds / 2
    while time.monotonic() < ends:
        emulator.clear_journal()
        account, _ = workload.run(emulator, flavour, 8, workers=8)
        outcomes += workload.judge(account, emulator.journal())
    return report, outcomes


def main() -> None:
    """Run what the arguments say, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", nargs="?", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, help="how long to mix everything")
    parser.add_argument("--interrupts", type=int, help="how many signals, in all flavours")
    given = parser.parse_args()
    if not (given.minutes or given.interrupts):
        workload.main(given.operations)
        return
    ends = time.monotonic() + 60 * (given.minutes or 600)
    rounds = 1 if given.interrupts else max(1, int(given.minutes // 3))
    for number in range(rounds):
        for flavour in FLAVOURS:
            left = (ends - time.monotonic()) / (len(FLAVOURS) * (rounds - number))
            with running_emulator() as emulator:
                if given.interrupts:
                    most = given.interrupts // len(FLAVOURS) + 1
                    report, outcomes = interrupted(emulator, flavour, seconds=left, most=most), None
                else:
                    report, outcomes = mixed(emulator, flavour, left)
            told = Counter(told.outcome for told in report.account.told)
            print(  # noqa: T201
                f"{flavour}: {report.interrupts} interrupts, {report.forks} forks, {dict(told)}, "
                f"{len(report.wrong)} wrong; descriptors, threads, MiB {report.before} -> "
                f"{report.after}; beside them {dict(outcomes or {})}",
                *report.wrong[:20], sep="\n  ", flush=True,
            )  # fmt: skip
            report.check()


if __name__ == "__main__":
    main()
