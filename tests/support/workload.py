"""Mixed operations, an account of what each was told to its caller, and the emulator as the judge.

Run as a program it is the soak: `make soak`.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import attrs

from bytehouse import ByteHouse, ByteHouseError, OutcomeUnknown, RetryPolicy
from bytehouse_emulator.testing import RunningEmulator, running_emulator
from bytehouse_raw.operations import OPERATIONS
from tests.support.flavours import client_maker
from tests.support.proxy import Fault, FaultProxy, now_and_then, proxied
from tests.support.wire import asked

__all__ = ["Account", "judge", "run", "story"]

SHARE = 0.1
BROKEN: tuple[Fault, ...] = (
    "reset at once", "reset unsent", "reset after", "reset inside", "cut inside", "half-closed",
)  # fmt: skip
EMULATED: tuple[dict[str, Any], ...] = (
    {"drop": "before"}, {"drop": "after"}, {"truncate": True}, {"status": 503},
    {"status": 504, "effect": True},
)  # fmt: skip
PATIENT = RetryPolicy(first_pause=0.01, longest_pause=0.05, resend_after=0.05)


@attrs.frozen
class Told:
    """What the caller of one operation was told: "done", "unknown" or the name of an error."""

    operation: str
    subject: str
    outcome: str


class Account:
    """What callers were told, from any number of threads."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._lock = threading.Lock()

    def note(self, operation: str, subject: str, act: Callable[[], object]) -> bool:
        """Do something and keep what came of it; tell whether it was done."""
        outcome = "done"
        try:
            act()
        except OutcomeUnknown as error:
            outcome = "unknown" if error.operation == operation else "misnamed"
        except ByteHouseError as error:
            outcome = type(error).__name__
        except (KeyboardInterrupt, asyncio.CancelledError):
            # asyncio.Runner forgets a signal that comes just before it starts the loop.
            outcome = "interrupted"
        with self._lock:
            self.told.append(Told(operation, subject, outcome))
        return outcome == "done"


def story(bh: ByteHouse, account: Account, name: str, user: int) -> None:
    """Do some of everything with things of one's own."""
    note = account.note
    if not note("create_database", name, lambda: bh.databases.create(name)):
        return
    note("get_database", name, lambda: bh.databases.get(name))
    if note(
        "create_table",
        f"{name}.t",
        partial(bh.tables.create, name, "t", {"a": "Int64"}, order_by="a"),
    ):
        for number in range(3):
            sql = f"INSERT INTO {name}.t VALUES ({number})"
            for kind, run_it in (("sync", bh.queries.execute), ("async", bh.queries.submit)):
                query = str(uuid.uuid4())
                note(f"submit_{kind}_query", query, partial(run_it, sql, query_id=query))
        note("list_tables", name, lambda: bh.tables.list(name).all())
        note("update_table", f"{name}.t", lambda: bh.tables.update(name, "t", add={"b": "Int8"}))
        note("get_table", f"{name}.t", lambda: bh.tables.get(name, "t"))
    note("assign_role", str(user), lambda: bh.assignments.assign(user, "SystemAdmin"))
    note("list_assignments", str(user), lambda: bh.assignments.list(user_id=user).all())
    note("unassign_role", str(user), lambda: bh.assignments.unassign(user, "SystemAdmin"))
    note("delete_database", name, lambda: bh.databases.delete(name))
    data = {"bucket": "b"}
    note("create_connection", name, lambda: bh.connections.create(name, data, type="S3"))
    note("list_connections", name, lambda: bh.connections.list(limit=5).all())


def _subject(entry: dict[str, Any]) -> str:
    """Return what an entry of the journal is about, in the words of the account."""
    told = entry["subject"]
    _, path = asked(OPERATIONS[entry["operation"]].method, entry["path"])
    match entry["operation"]:
        case "create_database" | "create_connection":
            return str(told.get("name"))
        case "create_table":
            return f"{path['db_name']}.{told.get('name')}"
        case "submit_sync_query" | "submit_async_query":
            return str(told.get("queryID"))
        case "assign_role" | "unassign_role":
            return str(told.get("UserID"))
        case "update_table":
            return f"{path['db_name']}.{path['table_name']}"
        case _:
            return path.get("db_name", "")


def judge(account: Account, journal: Iterable[dict[str, Any]]) -> Counter[str]:
    """Hold what callers were told against what happened; answer with how often each was told."""
    effects = Counter((e["operation"], _subject(e)) for e in journal if e["effect"])
    reads = ("get_", "list_")
    outcomes: Counter[str] = Counter()
    for told in account.told:
        outcomes[told.outcome] += 1
        count = effects[told.operation, told.subject]
        if told.operation.startswith(reads):
            continue
        # What cannot be decoded came with a success status, which its hint says.
        once_at_most = ("unknown", "interrupted", "ResponseDecodeError")
        wrong = count > 1 if told.outcome in once_at_most else count != (told.outcome == "done")
        assert not wrong, f"{told} took effect {count} times"
    return outcomes


def run(
    emulator: RunningEmulator, flavour: str, stories: int, *, workers: int = 1, share: float = SHARE
) -> tuple[Account, FaultProxy]:
    """Tell stories through a proxy and an emulator that each make half of the faults."""
    first = uuid.uuid4().int % 2**50
    users = [first + number for number in range(stories)]
    for user in users:
        emulator.add_user(user)
    # The first fault that strikes is met, so each is a little less likely than the one before.
    for fault in EMULATED:
        emulator.fault(count=1 << 30, probability=share / 2 / len(EMULATED), **fault)
    account = Account()
    settings: dict[str, Any] = {"retry_policy": PATIENT, "timeout": 10.0}
    with proxied(emulator.url, now_and_then(share / 2, BROKEN)) as proxy:
        each = [range(worker, stories, workers) for worker in range(workers)]
        mark = uuid.uuid4().hex[:6]

        def work(numbers: range) -> None:
            with asyncio.Runner() as runner:
                bh = client_maker(flavour, runner)(proxy.url, emulator.token, **settings)
                for number in numbers:
                    story(bh, account, f"s{mark}_{number}", users[number])
                bh.close()

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, each))
    emulator.clear_faults()
    return account, proxy


def main(operations: int) -> None:
    """Tell stories in each flavour until so many operations have been done, and judge them."""
    for flavour in ("sync", "async", "aiohttp"):
        with running_emulator() as emulator:
            account, proxy = run(emulator, flavour, operations // 3 // 18 + 1, workers=8)
            outcomes = judge(account, emulator.journal())
        sent = proxy.requests / len(account.told)
        print(f"{flavour}: {len(account.told)} operations, {sent:.2f} requests each", end="; ")  # noqa: T201
        print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))  # noqa: T201
        assert sent < 1.3


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
