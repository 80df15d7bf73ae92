"""ClickHouse's HTTP interface of the emulator, spoken as curl, drivers and BI tools speak it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw.operations import DATA_KEY
from tests.emulator.api import Api


@pytest.fixture(scope="module")
def http(reset_emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """Return an HTTP client of the interface, logged in, with a table `d.t` of two rows."""
    url = f"http://127.0.0.1:{reset_emulator.clickhouse_port}"
    with httpx.Client(base_url=url, auth=("bytehouse", reset_emulator.token)) as client:
        run(client, "CREATE DATABASE d")
        run(client, "CREATE TABLE d.t (a UInt64, b String) ENGINE = CnchMergeTree ORDER BY a")
        run(client, "INSERT INTO d.t VALUES (1, 'x'), (2, 'y')")
        yield client


def run(client: httpx.Client, sql: str | bytes, **parameters: object) -> str:
    """Run a statement and return the body of its response, which must be a success."""
    response = client.post("/", content=sql, params={k: str(v) for k, v in parameters.items()})
    assert response.status_code == 200, response.text
    return response.text


def test_who_is_there(http: httpx.Client) -> None:
    """The health checks answer without a key."""
    for path in ["/ping", "/replicas_status", "/"]:
        assert httpx.get(http.base_url.join(path)).text == "Ok.\n"
    assert httpx.get(http.base_url.join("/nothing")).status_code == 404


@pytest.mark.parametrize("way", ["basic", "headers", "parameters"])
def test_the_key_is_taken_in_each_documented_place(
    http: httpx.Client, reset_emulator: RunningEmulator, way: str
) -> None:
    """A right key, a wrong one and none are told apart wherever they stand."""
    for key, status in [(reset_emulator.token, 200), ("no-such-key", 403), ("", 401)]:
        arguments: dict[str, dict[str, dict[str, str]]] = {
            "basic": {"headers": {"Authorization": httpx.BasicAuth("bytehouse", key)._auth_header}},
            "headers": {"headers": {"X-ClickHouse-User": "bytehouse", "X-ClickHouse-Key": key}},
            "parameters": {"params": {"user": "bytehouse", "password": key}},
        }
        given = arguments[way]
        parameters = {"query": "SELECT 1", **given.get("params", {})}
        response = httpx.get(http.base_url, params=parameters, headers=given.get("headers", {}))
        assert response.status_code == status
        assert not key or key not in response.text
        assert ("WWW-Authenticate" in response.headers) is (status == 401)


def test_the_key_in_two_places_or_as_a_bearer_token_is_refused(
    http: httpx.Client, reset_emulator: RunningEmulator
) -> None:
    """As the open-source core does, so that what works here works there."""
    key = reset_emulator.token
    for headers, parameters in [
        ({"Authorization": f"Bearer {key}"}, {}),
        ({"X-ClickHouse-User": "bytehouse", "X-ClickHouse-Key": key}, {"password": key}),
        ({"Authorization": httpx.BasicAuth("bytehouse", key)._auth_header}, {"user": "bytehouse"}),
    ]:
        found = httpx.get(
            http.base_url, params={"query": "SELECT 1", **parameters}, headers=headers
        )
        assert (found.status_code, found.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_another_user_is_refused(http: httpx.Client, reset_emulator: RunningEmulator) -> None:
    """There is one user name."""
    response = httpx.post(http.base_url, content="SELECT 1", auth=("admin", reset_emulator.token))
    assert response.status_code == 403
    assert response.headers["X-ClickHouse-Exception-Code"] == "516"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM d.nothing", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELECT no_such_function()", 404, 46),
        ("SELECT 1 FROM", 400, 62),
        ("NONSENSE", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("", 400, 62),
        ("SELECT file('/etc/passwd')", 500, 497),
        ("INSERT INTO d.t FORMAT CSV\nx,y", 400, 27),
        ("SELECT throwIf(1)", 500, 395),
    ],
)
def test_errors_have_clickhouses_status_code_and_text(
    http: httpx.Client, sql: str, status: int, code: int
) -> None:
    """Tools tell errors apart by them."""
    response = http.post("/", content=sql)
    assert (response.status_code, response.headers["X-ClickHouse-Exception-Code"]) == (
        status,
        str(code),
    )
    assert response.text.startswith(f"Code: {code}. DB::Exception: ")


def test_a_get_changes_nothing(http: httpx.Client) -> None:
    """GET and HEAD only read; they may prepare a session for it."""
    for sql in [
        "DROP TABLE d.t",
        "INSERT INTO d.t VALUES (9, '')",
        "/* */ TRUNCATE TABLE d.t",
        "WITH 3 AS x INSERT INTO d.t SELECT x, ''",
        "CREATE TABLE d.u (a UInt8) ENGINE = CnchMergeTree ORDER BY a",
        "INSERT OVERWRITE d.t SELECT 1, ''",
        "OPTIMIZE TABLE d.t",
        "ALTER TABLE d.t DELETE WHERE 1",
        "KILL QUERY WHERE 1",
    ]:
        for method in ("GET", "HEAD"):
            response = http.request(method, "/", params={"query": sql})
            assert response.headers["X-ClickHouse-Exception-Code"] == "164", sql
    assert http.get("/", params={"query": "SELECT count() FROM d.t"}).text == "2\n"
    for sql in ["SET max_threads = 3", "CREATE TEMPORARY TABLE x (a UInt8)", "SHOW TABLES FROM d"]:
        response = http.get("/", params={"query": sql, "session_id": "reads"})
        assert response.status_code == 200, response.text


def test_every_format_is_the_engines(http: httpx.Client) -> None:
    """Named in the statement, a parameter or a header."""
    rows = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]
    select = "SELECT * FROM d.t ORDER BY a"
    assert run(http, select) == "1\tx\n2\ty\n"
    assert run(http, f"{select} FORMAT CSVWithNames") == '"a","b"\n1,"x"\n2,"y"\n'
    assert json.loads(run(http, f"{select} FORMAT JSON"))["data"] == rows
    lines = run(http, f"{select} SETTINGS max_threads = 1", default_format="JSONEachRow")
    assert [json.loads(line) for line in lines.splitlines()] == rows
    header = {"X-ClickHouse-Format": "Values"}
    assert http.post("/", content=select, headers=header).text == "(1,'x'),(2,'y')"
    parquet = http.post("/", content=f"{select} FORMAT Parquet")
    assert parquet.content[:4] == b"PAR1"
    assert parquet.headers["X-ClickHouse-Format"] == "Parquet"


def test_data_of_an_insert_may_be_any_bytes(http: httpx.Client) -> None:
    """They are not text."""
    run(http, "CREATE OR REPLACE TABLE d.raw (a String) ENGINE = CnchMergeTree ORDER BY a")
    data = bytes(range(256))
    run(http, b"INSERT INTO d.raw (a) FORMAT RowBinary\n" + b"\x80\x02" + data)
    assert run(http, "SELECT hex(a) FROM d.raw") == data.hex().upper() + "\n"


def test_parameters_settings_and_the_database_are_of_one_request(http: httpx.Client) -> None:
    """The next request knows nothing of them."""
    sql = "SELECT {v:String}, {n:Array(UInt8)}, getSetting('max_threads'), currentDatabase()"
    found = run(http, sql, param_v="it's", param_n="[1,2]", max_threads=3, database="d")
    assert found == "it\\'s\t[1,2]\t3\td\n"
    assert run(http, "SELECT getSetting('max_threads'), currentDatabase()") != found
    response = http.post("/", params={"no_such_setting": "1"}, content="SELECT 1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "115"
    response = http.post("/", params={"max_execution_time": "0"}, content="SELECT 1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "452"


def test_a_session_keeps_use_set_and_temporary_tables(http: httpx.Client) -> None:
    """And nobody outside it sees them."""
    run(http, "USE d", session_id="s")
    run(http, "SET max_threads = 5", session_id="s")
    run(http, "CREATE TEMPORARY TABLE temporary (a UInt8)", session_id="s")
    run(http, "INSERT INTO temporary VALUES (7)", session_id="s")
    sql = "SELECT a, getSetting('max_threads'), currentDatabase() FROM temporary"
    assert run(http, sql, session_id="s", max_threads=2) == "7\t2\td\n"
    assert run(http, sql, session_id="s") == "7\t5\td\n"
    assert http.post("/", content=sql).status_code == 404
    assert http.post("/", content=sql, params={"session_id": "other"}).status_code == 404


def test_a_session_ends_when_its_time_is_over(
    http: httpx.Client, reset_emulator: RunningEmulator
) -> None:
    """Its settings and tables go with it, and session_check tells."""
    found = http.post("/", content="SELECT 1", params={"session_id": "t", "session_check": "1"})
    assert found.headers["X-ClickHouse-Exception-Code"] == "372"
    session = {"session_id": "t", "session_timeout": "100"}
    run(http, "SET max_threads = 5", **session)
    run(http, "CREATE TEMPORARY TABLE lasting (a UInt8)", **session)
    reset_emulator.advance_clock(90)
    sql = "SELECT count(), getSetting('max_threads') FROM lasting"
    assert run(http, sql, session_check=1, **session) == "0\t5\n"
    reset_emulator.advance_clock(101)
    assert http.post("/", content=sql, params=session).status_code == 404
    assert run(http, "SELECT getSetting('max_threads')", **session) != "5\n"
    for wrong in ("3601", "-1", "x", ""):
        options = {"session_id": "t", "session_timeout": wrong}
        found = http.post("/", content="SELECT 1", params=options)
        assert found.headers["X-ClickHouse-Exception-Code"] == "374"


def test_a_session_runs_one_statement_at_a_time_and_is_one_users(
    http: httpx.Client, reset_emulator: RunningEmulator
) -> None:
    """Another gets an error and may try again."""
    sql = "SELECT sleep(1) FORMAT Null"
    ended: list[httpx.Response] = []
    options = {"session_id": "one", "query_id": "first of one"}
    thread = threading.Thread(
        target=lambda: ended.append(http.post("/", content=sql, params=options, timeout=60))
    )
    thread.start()
    while (
        reset_emulator.journal("clickhouse_query")[-1]["subject"].get("queryID")
        != options["query_id"]
    ):
        time.sleep(0.02)
    found = http.post("/", content="SELECT 1", params={"session_id": "one"})
    assert found.headers["X-ClickHouse-Exception-Code"] == "373"
    key = reset_emulator.add_user(72, ["AccountAdmin"])
    other = httpx.post(
        http.base_url, content="SELECT 1", params={"session_id": "one"}, auth=("bytehouse", key)
    )
    assert other.text == "1\n"
    thread.join(20)
    assert ended[0].status_code == 200
    assert run(http, "SELECT 1", session_id="one") == "1\n"


def test_progress_and_summary_are_told_in_headers(http: httpx.Client) -> None:
    """Progress on request, and the summary always; of a whole response it is complete."""
    sql = "SELECT sum(sleepEachRow(0.01)) FROM numbers(60) SETTINGS max_block_size = 10"
    asked = {"send_progress_in_http_headers": "1", "http_headers_progress_interval_ms": "50"}
    response = http.post("/", content=sql, params={**asked, "wait_end_of_query": "1"})
    headers = [json.loads(found) for found in response.headers.get_list("X-ClickHouse-Progress")]
    read = [int(found["read_rows"]) for found in headers]
    assert len(read) > 1
    assert read == sorted(read)
    assert {found["total_rows_to_read"] for found in headers} == {"60"}
    summary = json.loads(response.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["read_bytes"]) == ("60", "480")
    plain = http.post("/", content="INSERT INTO d.t SELECT number, '' FROM numbers(2) WHERE 0")
    assert "X-ClickHouse-Progress" not in plain.headers
    streamed = http.post(
        "/", content="SELECT number FROM numbers(70000)", params={"wait_end_of_query": "1"}
    )
    assert json.loads(streamed.headers["X-ClickHouse-Summary"])["read_rows"] == "70000"


def test_what_is_no_statement_of_the_interface_is_refused(http: httpx.Client) -> None:
    """Other methods, a body of unknown length, an address with parameters and no statement."""
    assert http.put("/", content="SELECT 1").status_code == 501
    assert http.delete("/").status_code == 501
    assert http.post("/ping").status_code == 404
    assert http.get("/", params={"database": "d"}).headers["X-ClickHouse-Exception-Code"] == "62"
    with socket.create_connection((http.base_url.host, http.base_url.port or 0)) as connection:
        connection.sendall(b"POST /?query=SELECT+1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 411 " in connection.recv(1000).splitlines()[0]
    for query_string, code in [
        ("query=SELECT+'%ff'", "62"),
        ("query=SELECT+1%00", "62"),
        ("query=SELECT+1&query=SELECT+2", "36"),
        ("query=SELECT+1&query_id=a%0d%0aX:y", "36"),
        ("query=SELECT+1&compress=x", "36"),
        ("query=SELECT+1&a%3D1,b=1", "36"),
        ("query=SELECT+1+FORMAT+Dataframe", "73"),
        ("query=SHOW+DATABASES&default_format=ArrowTable", "73"),
    ]:
        found = http.get(f"/?{query_string}")
        assert found.headers["X-ClickHouse-Exception-Code"] == code, query_string
    junk = {"Content-Type": "multipart/form-data"}
    found = http.post("/?query=SELECT+1", content="abcd", headers=junk)
    assert found.headers["X-ClickHouse-Exception-Code"] == "36"
    found = http.get("/", params={"query": "SELECT 1", "query_id": "€"})
    assert found.headers["X-ClickHouse-Query-Id"] == "€"
    # Of newer versions of ClickHouse, and without a counterpart here.
    for name in ("close_session", "role"):
        found = http.post("/", content="SELECT 1", params={name: "1"})
        assert (found.status_code, found.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


def test_external_data_are_a_table_of_one_query(http: httpx.Client) -> None:
    """It is gone afterwards."""
    files = {"given": ("given", b"1\tone\n2\ttwo\n")}
    parameters = {
        "query": "SELECT sum(k), max(v) FROM given",
        "given_structure": "k UInt8, v String",
    }
    assert http.post("/", params=parameters, files=files).text == "3\ttwo\n"
    assert http.post("/", content="SELECT * FROM given").status_code == 404


def test_what_a_role_may_not_read_is_refused(
    http: httpx.Client, shared_api: Api, reset_emulator: RunningEmulator
) -> None:
    """By the same rules as at the REST API."""
    key = reset_emulator.add_user(71, ["Analyst"])
    use = {
        "RoleName": "Analyst",
        "ByteHouseResourceID": "vw_default",
        "SecureObjectTypeName": "VIRTUAL_WAREHOUSE",
        "ActionName": "USE",
    }
    shared_api.ok("grant_permission", use)
    assert http.post("/", content="SELECT 1", auth=("bytehouse", key)).text == "1\n"
    response = http.post("/", content="SELECT * FROM d.t", auth=("bytehouse", key))
    assert response.headers["X-ClickHouse-Exception-Code"] == "497"
    assert "'Analyst' lacks the permission SELECT" in response.text


def test_a_statement_is_seen_and_killed_at_the_other_interface(
    http: httpx.Client, shared_api: Api, reset_emulator: RunningEmulator
) -> None:
    """By the id that the caller chose."""
    sql = "SELECT sum(sleepEachRow(1)) FROM numbers(60) SETTINGS max_block_size = 1"
    ended: list[httpx.Response] = []
    parameters = {"query_id": "long", "function_sleep_max_microseconds_per_block": "0"}
    thread = threading.Thread(
        target=lambda: ended.append(http.post("/", content=sql, params=parameters, timeout=60))
    )
    thread.start()
    while reset_emulator.journal("clickhouse_query")[-1]["subject"].get("queryID") != "long":
        time.sleep(0.02)
    shared_api.call("kill_sync_query", id="long")
    thread.join(50)
    assert ended[0].headers["X-ClickHouse-Exception-Code"] == "394"


def test_the_id_of_a_query_that_has_ended_may_be_used_again(http: httpx.Client) -> None:
    """As in ClickHouse, where it tells running queries apart."""
    for _ in range(2):
        assert run(http, "SELECT 1", query_id="again") == "1\n"
    headers = {"X-ClickHouse-Query-Id": "from a header"}
    found = http.post("/", content="SELECT 1", headers=headers)
    assert found.headers["X-ClickHouse-Query-Id"] == "from a header"


def test_insert_and_values_may_be_names(http: httpx.Client) -> None:
    """Not every word of them begins an INSERT or its rows."""
    run(http, "CREATE TABLE d.named (a UInt8) ENGINE = CnchMergeTree ORDER BY a")
    run(http, "INSERT INTO d.named SELECT a FROM VALUES('a UInt8', (1), (2))")
    run(http, "INSERT INTO d.named VALUES (4)")
    assert run(http, "SELECT groupArray(a) FROM (SELECT a FROM d.named ORDER BY a)") == "[1,2,4]\n"
    run(http, "DROP TABLE d.named")
    assert run(http, "WITH insert AS (SELECT 13 AS n) SELECT * FROM insert") == "13\n"
    assert run(http, "WITH 13 AS insert SELECT insert") == "13\n"


def test_a_fault_is_met_and_recorded(http: httpx.Client, reset_emulator: RunningEmulator) -> None:
    """Under the name clickhouse_query."""
    reset_emulator.fault("clickhouse_query", status=503, body="busy")
    assert http.post("/", content="SELECT 1").status_code == 503
    entry = reset_emulator.journal("clickhouse_query")[-1]
    assert (entry["fault"], entry["effect"]) == ("status 503", False)
    assert run(http, "SELECT 1") == "1\n"


def until_it_breaks(response: httpx.Response) -> bytes:
    """Return what of a response comes before its connection ends too early."""
    body = b""
    try:
        for chunk in response.iter_bytes():
            body += chunk
    except httpx.RemoteProtocolError:
        return body
    pytest.fail("the response is complete")


def test_an_error_after_the_first_rows_breaks_the_response(http: httpx.Client) -> None:
    """Rows are never taken for all rows, and the error is the last of them, compressed too."""
    sql = "SELECT throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_threads = 1"
    for options in ({}, {"enable_http_compression": "1"}):
        with http.stream("POST", "/", content=sql, params=options) as response:
            body = until_it_breaks(response)
        assert b"FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" in body[-200:]
    whole = http.post("/", content=sql, params={"wait_end_of_query": "1"})
    assert whole.headers["X-ClickHouse-Exception-Code"] == "395"


def test_a_long_result_waits_for_its_reader(http: httpx.Client) -> None:
    """It fills all buffers on the way, stops, lets others pass, and then comes to its last row."""
    sql = "SELECT toUInt64(number) FROM numbers(5000000)"
    read = 0
    with http.stream("POST", "/", content=f"{sql} FORMAT RowBinary") as response:
        for piece in response.iter_raw():
            if not read:
                for _ in range(20):
                    assert run(http, "SELECT sum(number) FROM numbers(1000000)")
            read += len(piece)
    assert read == 8 * 5_000_000


def test_describe_has_bytehouses_columns_at_both_interfaces(
    http: httpx.Client, shared_api: Api
) -> None:
    """Unless ClickHouse's own are asked for."""
    [found_elsewhere] = shared_api.results("DESCRIBE TABLE d.t", mode="clickhouse_sql")
    assert "flags" in [column["name"] for column in found_elsewhere["columns"]]
    found = json.loads(run(http, "DESCRIBE TABLE d.t FORMAT JSON"))
    assert [row["flags"] for row in found["data"]] == ["", ""]
    assert [row["type"] for row in found["data"]] == ["UInt64", "String"]
    with running_emulator(options=["--describe=clickhouse"]) as plain:
        url = f"http://127.0.0.1:{plain.clickhouse_port}"
        with httpx.Client(base_url=url, auth=("bytehouse", plain.token)) as client:
            run(client, "CREATE DATABASE d")
            run(client, "CREATE TABLE d.t (a UInt64) ENGINE = CnchMergeTree ORDER BY a")
            assert "flags" not in run(client, "DESCRIBE TABLE d.t FORMAT JSON")


def test_the_second_version_of_the_rest_operation_is_on_this_port(
    http: httpx.Client, reset_emulator: RunningEmulator
) -> None:
    """`Queries-V2` of the service's documentation."""
    response = httpx.post(
        http.base_url.join("/v2/sql/sync"),
        json={"mode": "ansi_sql", "query": "SELECT 1 AS one"},
        headers={"Authorization": f"Bearer {reset_emulator.token}"},
    )
    assert response.json()[DATA_KEY][0]["rows"] == [[1]]


def test_a_statement_without_a_result_has_no_format(http: httpx.Client) -> None:
    """By which clients tell a summary from an empty result."""
    for statement, has_format in [
        ("SET max_threads = 1", False),
        ("CREATE TABLE IF NOT EXISTS d.t (a UInt64) ENGINE = CnchMergeTree ORDER BY a", False),
        ("SELECT 1 WHERE 0", True),
        ("SHOW TABLES FROM d LIKE 'nothing'", True),
    ]:
        response = http.post("/", content=statement)
        assert ("X-ClickHouse-Format" in response.headers) is has_format, statement


def test_rows_after_an_insert_that_begins_with_with(http: httpx.Client) -> None:
    """They are data to the last character, and a byte order mark before the statement is none."""
    run(http, "CREATE TABLE d.marks (b String) ENGINE = CnchMergeTree ORDER BY b")
    run(http, "\ufeffINSERT INTO d.marks FORMAT TabSeparated\none;\n")
    run(http, "WITH 1 AS y INSERT INTO d.marks (b) FORMAT TabSeparated\ntwo;\n")
    assert run(http, "SELECT b FROM d.marks ORDER BY b") == "one;\ntwo;\n"
    run(http, "DROP TABLE d.marks")
