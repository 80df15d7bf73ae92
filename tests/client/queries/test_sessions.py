"""What a session keeps, and what cancels what runs in it."""

from __future__ import annotations

import threading

import pytest

from bytehouse import ByteHouse, QueryFailed
from bytehouse_emulator.testing import RunningEmulator
from tests.client.queries.conftest import ProcessList
from tests.client.queries.programs import ENDLESS, MARK

STATE = "SELECT currentDatabase(), getSetting('max_threads')"


def test_use_and_set_stay_in_effect_within_a_session(live: ByteHouse) -> None:
    """From one statement to the next, of whatever method, and nowhere else."""
    live.databases.create("d")
    before = live.query(STATE).one()
    with live.session() as session, live.session() as other:
        session.query("USE d")
        session.execute("SET max_threads = 3")
        assert session.query(STATE).one() == ("d", 3)
        session.query("CREATE TABLE t (id UInt64) ENGINE = CnchMergeTree ORDER BY id")
        session.query("INSERT INTO t VALUES ({id})", params={"id": 7})
        assert session.query("SELECT id FROM t").scalar() == 7
        assert other.query(STATE).one() == before
        assert live.query(STATE).one() == before
        assert other.id != session.id
        assert live.session(session.id).query(STATE).one() == ("d", 3)


def test_a_switch_to_the_background_keeps_the_session(live: ByteHouse) -> None:
    """A query that continues there keeps the database of the session."""
    live.databases.create("d")
    session = live.session()
    session.query("USE d")
    slow = "SELECT currentDatabase(), sum(sleepEachRow(0.05)) FROM numbers(24)"
    result = session.query(f"{slow} SETTINGS max_block_size = 1", async_after=1)
    assert result.one()[0] == "d"


def test_abort_cancels_what_runs_in_the_session(
    live: ByteHouse, emulator: RunningEmulator, processes: ProcessList
) -> None:
    """The caller that waits gets an error; other queries continue, and so does the session."""
    errors: list[BaseException] = []

    def wait() -> None:
        with ByteHouse(**emulator.client_arguments, mode="clickhouse_sql") as other:
            try:
                other.session(session.id).query(ENDLESS)
            except QueryFailed as error:
                errors.append(error)

    session = live.session()
    thread = threading.Thread(target=wait)
    thread.start()
    processes.wait_until(MARK, runs=True)
    live.session().abort()
    assert processes.holds(MARK)
    session.abort()
    thread.join(10)
    assert [getattr(error, "code", None) for error in errors] == ["394"]
    assert not processes.holds(MARK)
    assert session.query("SELECT 1").scalar() == 1
    session.abort()


def test_leaving_a_result_of_a_session_cancels_that_query_alone(
    live: ByteHouse, emulator: RunningEmulator, processes: ProcessList
) -> None:
    """A query of another thread in the same session continues."""

    def wait() -> None:
        other = ByteHouse(**emulator.client_arguments, mode="clickhouse_sql")
        with other, pytest.raises(QueryFailed):
            other.session(session.id).query(ENDLESS)

    session = live.session()
    thread = threading.Thread(target=wait)
    thread.start()
    processes.wait_until(MARK, runs=True)
    with session.query("SELECT number, repeat('x', 100) FROM numbers(100000)"):
        pass
    assert emulator.journal("kill_sync_query")
    assert processes.holds(MARK)
    session.abort()
    thread.join(10)
