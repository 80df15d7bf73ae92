"""Whatever breaks on the way: what was asked for happens once, or its caller knows that it may
not have."""

import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from bytehouse import ByteHouse, OutcomeUnknown, QueryFailed, RetryPolicy
from bytehouse_emulator.testing import RunningEmulator
from tests.support import workload
from tests.support.flavours import MakeClient

EFFECT = {"drop": "after"}, {"truncate": True}, {"status": 503, "effect": True}
NO_EFFECT = {"drop": "before"}, {"status": 502}


@pytest.fixture
def name(emulator: RunningEmulator) -> Iterator[str]:
    """Name a database that is there no more afterwards, and forget the faults of the test."""
    name = f"d_{uuid.uuid4().hex[:8]}"
    yield name
    emulator.clear_faults()


@pytest.mark.parametrize(
    "flavour",
    ["sync", *(pytest.param(one, marks=pytest.mark.slow) for one in ("async", "aiohttp"))],
)
def test_mixed_operations_under_faults_take_effect_once_or_say_that_they_may_not_have(
    emulator: RunningEmulator, flavour: str
) -> None:
    """With a fault in every tenth request, the emulator's journal agrees with what each caller was
    told, most were told that it was done, and few requests were added."""
    emulator.clear_journal()
    account, proxy = workload.run(emulator, flavour, 8, workers=2)
    outcomes = workload.judge(account, emulator.journal())
    assert outcomes["done"] > 0.9 * len(account.told)
    assert set(outcomes) <= {"done", "unknown"}
    assert proxy.requests < 1.3 * len(account.told)
    assert len(proxy.met) > 1


@pytest.mark.parametrize("fault", EFFECT, ids=str)
def test_a_statement_that_ran_returns_its_result_though_its_response_was_lost(
    make: MakeClient, emulator: RunningEmulator, name: str, fault: dict[str, object]
) -> None:
    """It is found by its id, and its result read; it runs once."""
    bh = make(**emulator.client_arguments)
    emulator.fault("submit_sync_query", **fault)  # type: ignore[arg-type]
    [result] = bh.queries.execute("SELECT 6 * 7 AS answer", query_id=name)
    assert [[int(value) for value in row] for row in result.rows or ()] == [[42]]
    emulator.fault("submit_async_query", **fault)  # type: ignore[arg-type]
    handle = bh.queries.submit("SELECT 1", query_id=f"{name}-a")
    assert handle.id == f"{name}-a"
    assert handle.result().one() == (1,)
    ran = [
        e["subject"].get("queryID") for e in emulator.journal() if e["operation"][:6] == "submit"
    ]
    assert [ran.count(query) for query in (name, f"{name}-a")] == [1, 1]


@pytest.mark.parametrize("fault", NO_EFFECT, ids=str)
def test_a_statement_that_never_ran_is_not_sent_again(
    make: MakeClient, emulator: RunningEmulator, name: str, fault: dict[str, object]
) -> None:
    """That the service does not know it may mean that it is still on its way."""
    bh = make(**emulator.client_arguments)
    emulator.fault("submit_sync_query", **fault)  # type: ignore[arg-type]
    before = len(emulator.journal("submit_sync_query"))
    with pytest.raises(OutcomeUnknown, match="does not know its id") as caught:
        bh.queries.execute("SELECT 1", query_id=name)
    assert caught.value.query_id == name
    assert len(emulator.journal("submit_sync_query")) == before + 1


def test_a_failed_statement_is_reported_though_its_response_was_lost(
    make: MakeClient, emulator: RunningEmulator, name: str
) -> None:
    """What the engine said of it is found by its id."""
    emulator.fault("submit_sync_query", status=504)
    handle = make(**emulator.client_arguments)
    handle.queries.submit("SELECT throwIf(1, 'oh')", query_id=name)
    time.sleep(0.3)
    with pytest.raises(QueryFailed, match="oh"):
        handle.queries.execute("SELECT 1", query_id=name)


@pytest.mark.parametrize("fault", [EFFECT[0], EFFECT[2], NO_EFFECT[0]], ids=str)
def test_every_create_and_delete_recovers_from_a_lost_response(
    make: MakeClient, emulator: RunningEmulator, name: str, fault: dict[str, object]
) -> None:
    """Whether it took effect or not, it is done in the end, once."""
    # The clock of `make` jumps over pauses, and that of the emulator does not: a short one.
    policy = RetryPolicy(resend_after=0.05)
    bh = make(**emulator.client_arguments, retry_policy=policy)
    emulator.clear_journal()

    def broken(operation: str) -> None:
        emulator.fault(operation, **fault)  # type: ignore[arg-type]

    broken("create_database")
    assert bh.databases.create(name, description="mine").uuid == bh.databases.get(name).uuid
    broken("create_table")
    made = bh.tables.create(name, "t", {"a": "Int64", "b": "Nullable(String)"}, order_by="a")
    assert made.uuid == bh.tables.get(name, "t").uuid
    broken("update_table")
    bh.tables.update(name, "t", add={"c": "Int8"}, drop="b")
    assert [c.name for c in bh.tables.get(name, "t").columns or ()] == ["a", "c"]
    broken("delete_table")
    bh.tables.delete(name, "t")
    broken("delete_database")
    bh.databases.delete(name)
    for operation in ("create_database", "create_table", "update_table", "delete_table"):
        assert sum(entry["effect"] for entry in emulator.journal(operation)) == 1


def _insert(url: str, token: str, table: str, first: int, told: Connection) -> None:
    """Insert numbers one by one, telling before and after each."""
    with ByteHouse(url, token, retry_policy=workload.PATIENT) as bh:
        for number in range(first, first + 1000):
            told.send(("begin", number))
            try:
                bh.queries.execute(f"INSERT INTO {table} VALUES ({number})")
            except OutcomeUnknown:
                continue
            told.send(("done", number))


def test_two_processes_and_the_sudden_death_of_one(emulator: RunningEmulator, name: str) -> None:
    """Two processes write under faults and one is killed: what was told as done is there once, and
    besides it only what was begun and not told as done."""
    bh = ByteHouse(**emulator.client_arguments)
    bh.databases.create(name)
    bh.tables.create(name, "t", {"n": "Int64"}, order_by="n")
    emulator.fault("submit_sync_query", count=1 << 20, drop="after", probability=0.1)
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for first in (0, 1000):
        ours, theirs = spawn.Pipe(duplex=False)
        arguments = (emulator.url, emulator.token, f"{name}.t", first, theirs)
        processes.append(spawn.Process(target=_insert, args=arguments, daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    begun: set[int] = set()
    done: set[int] = set()
    while len(done) < 30:
        for place, pipe in enumerate(pipes):
            try:
                while pipe.poll(0.01):
                    kind, number = pipe.recv()
                    (begun if kind == "begin" else done).add(number)
            except EOFError:
                pipes[place], _ = spawn.Pipe(duplex=False)
        if len(done) > 15 and processes[0].is_alive():
            os.kill(processes[0].pid or 0, signal.SIGKILL)
            processes[0].join()
    os.kill(processes[1].pid or 0, signal.SIGKILL)
    processes[1].join()
    for pipe in pipes:
        while pipe.poll(0.01):
            try:
                kind, number = pipe.recv()
            except EOFError:
                break
            (begun if kind == "begin" else done).add(number)
    emulator.clear_faults()
    time.sleep(0.3)
    [result] = bh.queries.execute(f"SELECT n FROM {name}.t", max_rows=0)
    bh.close()
    rows = [int(row[0]) for row in result.rows or ()]
    assert len(rows) == len(set(rows))
    assert done <= set(rows) <= begun
