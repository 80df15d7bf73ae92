"""What every statement can be given: a database, settings, tags, a file; and scripts of several."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from bytehouse import ByteHouse, InvalidArgument, NotFound, QueryFailed, dbapi
from bytehouse_emulator.testing import RunningEmulator
from tests.support.flavours import MakeClient

TABLE = "CREATE TABLE t (id UInt64, name String) ENGINE = CnchMergeTree ORDER BY id"


@pytest.fixture
def sales(make: MakeClient, emulator: RunningEmulator) -> ByteHouse:
    """Return a client whose database is `sales`, which has a table."""
    bh = make(**emulator.client_arguments, clock=None, database="sales")
    bh.databases.create("sales", description="")
    bh.databases.create("other")
    bh.query(TABLE)
    return bh


def test_names_without_a_database_are_those_of_the_client_s(sales: ByteHouse) -> None:
    """In queries, inserts, the background and sessions; an option and a view override it."""
    assert sales.insert("t", [(1, "a")]) == 1
    count = "SELECT count() FROM t"
    assert sales.query(count).scalar() == 1
    assert sales.query(count, asynchronous=True).scalar() == 1
    assert sales.queries.submit(count).result().scalar() == 1
    [result] = sales.queries.execute(count)
    assert result.rows in ([["1"]], [[1]])
    session = sales.session()
    assert session.query(count).scalar() == 1
    other = sales.with_options(database="other")
    current = "SELECT currentDatabase()"
    assert other.query(current).scalar() == "other"
    assert sales.query(current, database="other").scalar() == "other"
    assert sales.session(database="other").query(current).scalar() == "other"
    with pytest.raises(QueryFailed, match="nowhere"):
        sales.query(current, database="nowhere")


def test_a_session_keeps_the_database_that_it_has(sales: ByteHouse) -> None:
    """What `use` and USE have chosen is not undone by the client's database."""
    session = sales.session()
    session.query("USE other")
    current = "SELECT currentDatabase()"
    assert session.query(current).scalar() == "other"
    session.use("sales")
    again = sales.session(session.id)
    assert again.query(current).scalar() == "sales"
    assert sales.insert("t", [(2, "b")], session_id=session.id) == 1
    assert sales.query("SELECT id FROM t").scalar() == 2


def test_the_result_is_that_of_the_first_statement_with_rows(sales: ByteHouse) -> None:
    """USE and INSERT before a SELECT do not hide it; without rows there is an empty result."""
    result = sales.query("USE sales; INSERT INTO t VALUES (5, 'e'); SELECT name FROM t; SELECT 2")
    assert [each.scalar() for each in result.results()] == ["e", 2]
    assert sales.query("USE sales; INSERT INTO t VALUES (6, 'f')").rows() == []


def test_settings_hold_for_the_statement(sales: ByteHouse) -> None:
    """They come through to the engine, in inserts as well, and end with the statement."""
    threads = "SELECT getSetting('max_threads'), getSetting('log_comment')"
    assert sales.query(threads, settings={"max_threads": 3}).one()[0] == 3
    assert sales.query(threads).one()[0] != 3
    with pytest.raises(QueryFailed, match="no_such_setting"):
        sales.query("SELECT 1", settings={"no_such_setting": 1})
    assert sales.insert("t", [(3, "c")], settings={"max_insert_threads": 1}) == 1
    with pytest.raises(InvalidArgument, match="no option 'setting'"):
        sales.query("SELECT 1", setting={})  # type: ignore[call-arg]


def test_the_settings_of_a_view_hold_where_a_statement_takes_settings(sales: ByteHouse) -> None:
    """In queries, scripts, sessions and inserts; CREATE goes without, and a call replaces them."""
    view = sales.with_options(settings={"max_threads": 3})
    threads = "SELECT getSetting('max_threads')"
    assert view.query(threads).scalar() == 3
    assert view.query(threads, settings={"max_threads": 5}).scalar() == 5
    assert view.session().query(threads).scalar() == 3
    create = "CREATE TABLE IF NOT EXISTS u (id UInt64) ENGINE = CnchMergeTree ORDER BY id"
    assert view.script(f"{create}; {threads}")[1].scalar() == 3
    assert sales.script(f"{threads}; {threads}", settings={"max_threads": 2})[1].scalar() == 2
    with pytest.raises(InvalidArgument, match="CREATE"):
        sales.script(f"SELECT 1; {create}", settings={"max_threads": 2})
    assert view.insert("t", [(4, "d")]) == 1


def test_a_file_is_run_as_its_text(sales: ByteHouse, tmp_path: Path) -> None:
    """With its parameters, and without the byte order mark of an editor."""
    path = tmp_path / "report.sql"
    path.write_text("SELECT {a} + 1 -- €\n", "utf-8-sig")
    assert sales.query(path, params={"a": 4}).scalar() == 5
    with pytest.raises(InvalidArgument, match=r"cannot be read.*nothing\.sql"):
        sales.query(tmp_path / "nothing.sql")


def test_a_script_has_a_result_for_each_statement(sales: ByteHouse, tmp_path: Path) -> None:
    """Whatever the layout of responses, in a session of its own, and from a file too."""
    path = tmp_path / "script.sql"
    path.write_text(
        "USE other; -- not this; one\nCREATE TABLE u (a String) ENGINE = CnchMergeTree ORDER BY a;"
        "INSERT INTO u VALUES (';');\nSELECT {x}, a, currentDatabase() FROM u;"
    )
    results = sales.script(path, params={"x": 7})
    assert [result.rows() for result in results] == [[], [], [], [(7, ";", "other")]]
    assert len({result.query_id for result in results}) == 4
    assert sales.query("SELECT currentDatabase()").scalar() == "sales"


def test_a_script_ends_with_the_first_error(sales: ByteHouse) -> None:
    """The error says which statement it was; those before it stay done."""
    with pytest.raises(QueryFailed, match="nothing_there") as caught:
        sales.script("INSERT INTO t VALUES (9, 'i');\n\nSELECT * FROM nothing_there;\nSELECT 1")
    assert caught.value.__notes__ == ["script: statement 2 of 3, at line 3"]
    assert sales.query("SELECT name FROM t WHERE id = 9").scalar() == "i"


def test_history_has_queries_by_their_tags(sales: ByteHouse) -> None:
    """With the ids that they were submitted under; the profile of one has all that is logged."""
    run = f"it's {uuid.uuid4()}"  # the engine's log outlives a reset of the emulator
    good, bad = f"good-{run[5:]}", f"bad-{run[5:]}"
    tagged = sales.with_options(tags={"team": "x", "run": run})
    tagged.query("SELECT 'tagged'", query_id=good).rows()
    with pytest.raises(QueryFailed):
        tagged.query("SELECT throwIf(1)", query_id=bad)
    assert tagged.insert("t", [(1, "a")], tags={"insert": run}) == 1
    sales.query("SELECT 'untagged'").rows()
    found = {row["query_id"]: row for row in sales.history(tagged={"run": run}).mappings()}
    assert set(found) == {good, bad}
    assert found[good]["type"] == "QueryFinish"
    assert "SELECT 'tagged'" in found[good]["query"]
    assert found[bad]["exception_code"] == 395
    failed = sales.history(failed=True, since=timedelta(hours=1), tagged={"team": "x"})
    assert bad in (row[0] for row in failed)
    [inserted] = sales.history(tagged={"insert": run}).mappings()
    assert inserted["written_rows"] == 1
    profile = sales.queries.profile(good)
    assert profile["log_comment"] == found[good]["log_comment"]
    assert isinstance(profile["ProfileEvents"], dict)
    with pytest.raises(NotFound, match="no such query"):
        sales.queries.profile("none")


def test_a_ping_says_how_long_it_took(sales: ByteHouse) -> None:
    """Where everything works."""
    assert 0 < sales.ping() < 60


def test_the_db_api_has_the_same_setting(
    emulator: RunningEmulator, sales: ByteHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever it comes; USE in the connection overrides it, for `executemany` too."""
    sales.query(TABLE, database="other")
    monkeypatch.setenv("BYTEHOUSE_DATABASE", "sales")
    with dbapi.connect(**emulator.client_arguments) as connection:
        cursor = connection.cursor()
        assert cursor.execute("SELECT currentDatabase()").fetchone() == ("sales",)
        cursor.execute("USE other")
        cursor.executemany("INSERT INTO t VALUES (%(a)s, %(b)s)", [{"a": 1, "b": "x"}])
    assert sales.query("SELECT count() FROM other.t").scalar() == 1
