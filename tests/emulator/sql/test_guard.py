"""No statement reaches outside of the emulator, however it is written, nor beyond its role."""

# ruff: noqa: E501 - a statement stands on one line

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.emulator.conftest import Caller
from tests.emulator.iam.test_permissions import grant

SECRET = "swordfish"  # what must not come out
REFUSED = {400, 403, 501}
# {f}: a file of this machine, {p}: a port of it, {d}: a database with the table t.
FILES = [
    r"SELECT file('{f}')",
    r"SELECT FILE/**/('{f}')",
    r"SELECT `fil\x65`('{f}')",
    r'SELECT "\x66ile"(' + "'{f}')",
    "SELECT * APPLY(file) FROM (SELECT '{f}' AS a)",
    "SELECT COLUMNS('a') APPLY file FROM (SELECT '{f}' AS a)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{f}' AS a)",
    "SELECT arrayMap(file, ['{f}'])",
    "SELECT arrayMap((file), ['{f}'])",
    r"SELECT arrayMap(`fil\x65`, ['{f}'])",
    "SELECT arrayFilter(x -> 1, arrayMap(file, ['{f}']))",
    "WITH x -> file(x) AS f SELECT arrayMap(f, ['{f}'])",
    "SET param_p = 'file'; SELECT arrayMap({{p:Identifier}}, ['{f}'])",
    "SELECT (SELECT groupArray(file('{f}')))",
    "SELECT 1 WHERE 'x' IN file('{f}')",
    "SELECT * FROM format(Values, 'a String', '(file(\\'{f}\\'))')",
    "SELECT * FROM format('Values', 'a String', '(file(\\'{f}\\'))')",
    "SELECT * FROM eval('SELECT file(\\'{f}\\')')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('{f}')))",
    "SELECT 1 SETTINGS additional_result_filter = 'length(file(\\'{f}\\')) > 0'",
    "SELECT * FROM {d}.t SETTINGS additional_table_filters = {{'{d}.t': 'file(\\'{f}\\') = \\'\\''}}",
    "SET dialect = 'kusto'",
    "SELECT * FROM `{f}`",
    "SELECT * FROM filesystem('{f}')",
    "SELECT 1 INTO/**/OUTFILE '{f}'",
    "INSERT INTO {d}.t FROM/**/INFILE '{f}' FORMAT LineAsString",
    "INSERT INTO {d}.t SELECT * FROM input('k String DEFAULT file(\\'{f}\\')') FORMAT JSONEachRow {{}}",
    "EXPLAIN SYNTAX SELECT `fil\\x65`('{f}')",
    "DESCRIBE (SELECT `fil\\x65`('{f}') AS a)",
    "ALTER TABLE {d}.t ADD COLUMN z String DEFAULT `fil\\x65`('{f}')",
    "ALTER TABLE {d}.t UPDATE v = `fil\\x65`('{f}') WHERE 1",
    "ALTER TABLE {d}.t DELETE WHERE `fil\\x65`('{f}') = ''",
    "ALTER TABLE {d}.t MODIFY SETTING disk = disk(type = 'local', path = '/tmp/')",
    "ALTER TABLE {d}.t FREEZE",
    "CREATE VIEW {d}.v AS SELECT `fil\\x65`('{f}') AS a",
    'CREATE MATERIALIZED VIEW {d}.v ENGINE = Memory AS SELECT "\\x66ile"(\'{f}\') AS a',
    "CREATE TABLE {d}.n ENGINE = Memory AS SELECT `fil\\x65`('{f}') AS a",
    "CREATE TABLE {d}.n AS file('{f}')",
    "CREATE TABLE {d}.n (a String) ENGINE = `Fil\\x65`(CSV)",
    "CREATE TABLE {d}.n (a String) ENGINE URL('http://127.0.0.1:{p}/')",
    "CREATE TABLE {d}.n ENGINE = File(CSV) AS SELECT 1",
    "CREATE DATABASE n ENGINE = MySQL('127.0.0.1:{p}', 'd', 'u', 'p')",
    "CREATE TABLE {d}.n (a Int8, b String DEFAULT `fil\\x65`('{f}')) ENGINE = Memory",
    "CREATE TABLE {d}.n (a String, CONSTRAINT c CHECK `fil\\x65`('{f}') = '') ENGINE = Memory",
    "CREATE TEMPORARY TABLE n (a String DEFAULT `fil\\x65`('{f}'))",
    "CREATE TABLE {d}.n (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = '/tmp/')",
    "CREATE TABLE {d}.n (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = `dis\\x6b`(type = 'web', endpoint = 'http://127.0.0.1:{p}/')",
]  # fmt: skip
ROWS = [
    "file('{f}')", "file/**/('{f}')", "FILE -- \n('{f}')", r"`fil\x65`('{f}')",
    "\"file\"('{f}')", r'"\x66ile"(' + "'{f}')", "(SELECT file('{f}'))",
    "arrayMap(file, ['{f}'])[1]", "arrayElement(arrayMap((file), ['{f}']), 1)",
]  # fmt: skip
SOURCES = [
    "CLICKHOUSE(QUERY 'SELECT 1 AS k, file(\\'{f}\\') AS v')",
    "CLICKHOUSE(TABLE 't' DB '{d}' WHERE 'file(\\'{f}\\') != \\'\\'')",
    "CLICKHOUSE(HOST '127.0.0.1' PORT {p} TABLE 't' DB 'd')",
    "`click\\x68ouse`(HOST '127.0.0.1' PORT {p} TABLE 't' DB 'd')",
    "FILE(path '{f}' format 'TSV')",
    "HTTP(url 'http://127.0.0.1:{p}/' format 'TSV')",
    "EXECUTABLE(COMMAND 'cat {f}' FORMAT 'TSV')",
]
DICTIONARY = "CREATE DICTIONARY {{d}}.n (k Int8, v String) PRIMARY KEY k SOURCE({0}) LAYOUT(FLAT()) LIFETIME(0)"  # fmt: skip
NETWORK = [
    f"SELECT * FROM {name}('127.0.0.1:{{p}}', 'a', 'b', 'c', 'd', 'e String')"
    for name in ("mysql", "postgresql", "mongodb", "redis", "remote", "sqlite", "odbc", "`remot\\x65`")
] + ["SELECT * FROM `ur\\x6c`('http://127.0.0.1:{p}/', CSV, 'a String')", "SELECT aiGenerate('x')"]  # fmt: skip
UNBOUNDED = [
    f"{how}{setting} = {value}"
    for how in ("SET ", "SELECT 1 SETTINGS ", "SELECT 1 SETTINGS max_threads = 1, ")
    for setting in ("max_execution_time", r"`max_execution_tim\x65`", "max_memory_usage")
    for value in ("0", "0e0", "0x0", "0.0e5", "'0'", "'0e1'", "-1")
]
OTHERS = [
    "SET log_comment = 'x'",
    "SELECT 1 SETTINGS log_comment = 5",
    r"SET `log_commen\x74` = 'x'",
    r"SELECT 1 SETTINGS `log_commen\x74` = 'x'",
    "SELECT 1 SETTINGS max_execution_time = DEFAULT",
    "SELECT 1 FORMAT `CSV`",
    "SELECT 1 FORMAT CSV SETTINGS max_threads = 1",
    "TRUNCATE TABLE {d}.t PARALLEL WITH DROP TABLE {d}.t",
    "SELECT 1 PARALLEL WITH SELECT file('{f}')",
    "INSERT OVERWRITE {d}.t PARTITION (tuple(file('{f}'))) SELECT * FROM {d}.t",
    "INSERT OVERWRITE {d}.t PARTITION ('1' FROM {d}.t, DROP PARTITION '1') SELECT * FROM {d}.t",
    "INSERT OVERWRITE {d}.t PARTITION ('1' FROM {d}.t;) SELECT 1",
    "SELECT 1 SETTINGS max_threads = 1 FORMAT CSV",
]
HARMLESS = [
    "SELECT 1 AS file, 'file(1)', a.file FROM (SELECT CAST(tuple(1), 'Tuple(file Int8)') AS a)",
    "SELECT format('{{}}-{{}}', 'a', 'b'), format FROM (SELECT 1 AS format)",
    "SELECT arrayMap(x -> x.file, [CAST(tuple(1), 'Tuple(file Int8)')])",
    "CREATE TABLE {d}.file (file Int8, url Nested(a Int8)) ENGINE = MergeTree ORDER BY file",
    "INSERT INTO {d}.file (file) VALUES (1), (2), (abs(3))",
    "INSERT INTO {d}.t VALUES ('file(x)', 'it''s \"quoted\" `file`(1) /* -- # $$'), (upper('a'), '\\'')",
    "INSERT INTO {d}.t FORMAT Values ('file(x)', toString(1))",
    "INSERT INTO {d}.t FORMAT CSV file,(x)",
    'INSERT INTO {d}.t FORMAT JSONEachRow {{"k": "file(1)", "v": "x"}}',
    "CREATE VIEW {d}.v AS SELECT engine FROM system.tables",
    "CREATE DICTIONARY {d}.dict (k String, v String) PRIMARY KEY k SOURCE(CLICKHOUSE(TABLE 't' DB '{d}' USER 'default')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(MIN 0 MAX 10)",
    "SET max_execution_time = 10",
    "SELECT number FROM numbers(3) UNION ALL SELECT * FROM values('a UInt64', 1)",
]  # fmt: skip


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, list[object]]]:
    """Return a file with a secret, a port, and the connections that it gets."""
    path = tmp_path_factory.mktemp("outside") / "secret.txt"
    path.write_text(SECRET)
    connections: list[object] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connections.append(listener.accept())
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    yield path, listener.getsockname()[1], connections
    listener.close()


def attacks() -> list[str]:
    """Return every statement that must be refused."""
    rows = [f"INSERT INTO {{d}}.t (k) {how} ({row})" for row in ROWS for how in ("VALUES", "FORMAT Values")]  # fmt: skip
    rows += [f"INSERT INTO {{d}}.t (k) VALUES ('a'), ({row}), ('b')" for row in ROWS]
    rows += [f"INSERT INTO {{d}}.t (k) VALUES ({row})" for row in ("1);SELECT file('{f}'",)]
    sources = [DICTIONARY.format(source) for source in SOURCES]
    return [*FILES, *rows, *sources, *NETWORK, *UNBOUNDED, *OTHERS]


def test_no_statement_reaches_outside(
    api: Api, database: str, outside: tuple[Path, int, list[object]]
) -> None:
    """No file, no address, no other database, no end of the bounds: however names are written,
    and wherever a function can be named."""
    path, port, connections = outside
    api.results(f"CREATE TABLE {database}.t (k String, v String) ENGINE = CnchMergeTree ORDER BY k")
    let_through = []
    for attack in attacks():
        text = attack.format(f=path, p=port, d=database)
        response = api.submit(text)
        if response.status_code not in REFUSED or SECRET in response.text or connections:
            let_through.append((text, response.status_code, response.text[:200]))
            connections.clear()
    assert let_through == []
    assert api.rows(f"SELECT name FROM system.tables WHERE database = '{database}'") == [["t"]]
    assert api.rows(f"SELECT count() FROM {database}.t WHERE k LIKE '%{SECRET}%'") == [["0"]]


def test_no_body_of_an_operation_reaches_outside(
    api: Api, database: str, outside: tuple[Path, int, list[object]]
) -> None:
    """Types and expressions in the bodies of tables are part of a statement too."""
    path = outside[0]
    call = rf"`fil\x65`('{path}')"
    column = {"name": "a", "type": "String"}
    for change in (
        {"columns": [column, {"name": "b", "type": f"String DEFAULT {call}"}]},
        {"columns": [column, {"name": "b", "type": f"String MATERIALIZED {call}"}]},
        {"partitionKeys": [{"expression": call}]},
        {"ttl": {"expression": f"toDate({call})"}},
        {"uniqueKey": {"expression": call}},
        {"clusterKey": {"expr": call, "numBuckets": 1}},
    ):
        body = {"name": "n", "columns": [column], "orderByKeys": ["a"], **change}
        assert api.call("create_table", body, db_name=database).status_code in REFUSED, change
    assert api.rows(f"SELECT name FROM system.tables WHERE database = '{database}'") == []


def test_what_only_seems_harmful_is_accepted(api: Api, database: str) -> None:
    """A word is refused only where it has the harmful meaning."""
    api.results(f"CREATE TABLE {database}.t (k String, v String) ENGINE = CnchMergeTree ORDER BY k")
    for text in HARMLESS:
        response = api.submit(text.format(d=database))
        assert response.status_code == 200, (text, response.text)
    assert api.rows(f"SELECT sum(file) FROM {database}.file") == [["6"]]
    assert api.rows(f"SELECT count() FROM {database}.t") == [["5"]]


# What a role may read is one table, `a.own`; the secret is in the database b.
REFERENCES = [
    "b.secret", "`b`.`secret`", r"`b`.`secre\x74`", '"b"."\\x73ecret"', "(SELECT * FROM b.secret)", "b.view",
    "merge('b', 'secret')", r"merge(REGEXP('b'), '^secret$')", "loop(b.secret)", "view(SELECT * FROM b.secret)",
    "(WITH x AS (SELECT * FROM b.secret) SELECT * FROM x)", "dictionary('b.dict')", "mergeTreeIndex('b', 'secret')",
    "(SELECT * FROM a.own UNION ALL SELECT * FROM b.secret)", "(SELECT * FROM a.own JOIN b.secret AS j USING s)",
    "remote('127.0.0.1', b.secret)", "b/**/.secret FINAL", "(TABLE b.secret)",
]  # fmt: skip
VALUES = [
    *(f"(SELECT groupArray(s) FROM {reference})" for reference in REFERENCES),
    "dictGet('b.dict', 's', 's')", r"`dictGe\x74`('b.dict', 's', 's')", "arrayMap(dictGet, ['b.dict'], ['s'], ['s'])",
    "dictGetOrDefault('b.dict', 's', 's', '')", "joinGet('b.joined', 's', 's')", r"`joinGe\x74`('b.joined', 's', 's')",
    "hasColumnInTable('b', 'secret', 's')", "(SELECT s IN b.secret)", "('s' IN b.secret, 1)",
    "arrayMap(x -> (SELECT any(s) FROM b.secret), [1])", "(SELECT * APPLY(groupArray) FROM b.secret)",
    "exists(SELECT 1 FROM b.secret WHERE s = 's')", "throwIf((SELECT any(s) FROM b.secret) != '', 'yes')",
]  # fmt: skip
CLAUSES = [
    "SELECT {0}", "WITH {0} AS x SELECT x", "SELECT s FROM a.own WHERE toString({0}) != ''",
    "SELECT s FROM a.own PREWHERE toString({0}) != ''", "SELECT count() FROM a.own GROUP BY s HAVING toString({0}) != ''",
    "SELECT s FROM a.own ORDER BY toString({0})", "SELECT s FROM a.own LIMIT length(toString({0}))",
    "SELECT s, row_number() OVER (ORDER BY toString({0})) FROM a.own", "SELECT s FROM a.own QUALIFY toString({0}) != ''",
    "SELECT if(1, toString({0}), '')", "SELECT * FROM a.own ARRAY JOIN [toString({0})] AS x",
    "SELECT * FROM values('x String', toString({0}))", "SELECT * FROM numbers(length(toString({0})))",
    "SELECT * REPLACE (toString({0}) AS s) FROM a.own", "SELECT * APPLY (x -> toString({0})) FROM a.own",
    "SELECT s FROM a.own ORDER BY length(s) WITH FILL FROM length(toString({0}))", "SELECT s FROM a.own LIMIT 1 BY toString({0})",
    "SELECT 1 AS n, s FROM a.own ORDER BY n WITH FILL TO 9 INTERPOLATE (s AS toString({0}))", "SELECT throwIf(toString({0}) != '')",
    "SELECT max(s) OVER w FROM a.own WINDOW w AS (ORDER BY toString({0}))", "SELECT * APPLY (x -> throwIf(toString({0}) != '')) FROM a.own",
    "SELECT s FROM a.own GROUP BY GROUPING SETS ((s), (toString({0})))", "SELECT COLUMNS('s') APPLY (x -> ({0}, x)) FROM a.own",
    "EXPLAIN SELECT {0}", "EXPLAIN SYNTAX SELECT {0}", "DESCRIBE (SELECT {0})", "EXPLAIN ESTIMATE SELECT {0}",
    "INSERT INTO a.own VALUES (toString({0}))", "INSERT INTO a.own SELECT toString({0})",
    "INSERT INTO a.own FORMAT Values (toString({0}))", "ALTER TABLE a.own UPDATE s = toString({0}) WHERE 1",
    "ALTER TABLE a.own DELETE WHERE toString({0}) != ''", "DELETE FROM a.own WHERE toString({0}) != ''",
    "ALTER TABLE a.own ADD COLUMN x String DEFAULT toString({0})", "CREATE VIEW a.n AS SELECT {0} AS x",
    "CREATE TABLE a.n ENGINE = Memory AS SELECT {0} AS x", "CREATE TABLE a.n (x String DEFAULT toString({0})) ENGINE = Memory",
    "CREATE MATERIALIZED VIEW a.n ENGINE = Memory POPULATE AS SELECT {0} AS x", "SELECT 1; SELECT {0}",
    "SHOW TABLES FROM a WHERE toString({0}) != ''", "SHOW TABLES FROM a LIMIT length(toString({0}))",
    "OPTIMIZE TABLE a.own PARTITION tuple({0})", "INSERT OVERWRITE a.own PARTITION (tuple({0})) SELECT 'x'",
    "SET offset = 1; SELECT {0}", "SET limit = 1; SELECT {0}", "SET max_result_rows = 1, result_overflow_mode = 'break'; SELECT {0}",
    "SELECT 1 PARALLEL WITH SELECT {0}", "TRUNCATE TABLE a.nowhere PARALLEL WITH TRUNCATE TABLE b.secret", "KILL MUTATION WHERE {0} = 1",
    "ALTER TABLE a.own ADD PROJECTION p (SELECT {0})", "ALTER TABLE a.own MODIFY TTL today() + {0}", "CREATE ROW POLICY p ON a.own USING {0} = 1",
    "ALTER TABLE a.own ADD CONSTRAINT c CHECK {0} = 1", "CREATE TABLE a.n (s String, INDEX i {0} TYPE minmax) ENGINE = Memory",
    "EXPLAIN QUERY TREE SELECT {0}", "EXPLAIN AST SELECT {0}", "SELECT * FROM (EXPLAIN QUERY TREE SELECT {0})",
    "ALTER TABLE a.own DROP PARTITION WHERE {0} = 1", "CREATE TEMPORARY TABLE n AS SELECT {0} AS x", "SELECT quantile({0})(1)",
]  # fmt: skip
FROMS = [
    "SELECT * FROM {0}", "SELECT count() FROM {0}", "SELECT * FROM a.own, {0} AS j", "SELECT * FROM a.own LEFT JOIN {0} AS j ON 1 = 1",
    "INSERT INTO a.own SELECT s FROM {0}", "CREATE TABLE a.n ENGINE = Memory AS SELECT * FROM {0}", "CREATE VIEW a.n AS SELECT * FROM {0}",
    "CREATE TABLE a.n AS {0}", "DESCRIBE TABLE {0}", "SELECT s FROM a.own UNION ALL SELECT s FROM {0}", "EXPLAIN SELECT * FROM {0}",
    "SELECT 's' IN {0}", "SELECT s FROM a.own WHERE s IN {0}", "RENAME TABLE {0} TO a.n", "EXCHANGE TABLES a.own AND {0}",
    "DROP TABLE a.nowhere, {0}", "OPTIMIZE TABLE {0}", "CHECK TABLE {0}", "SHOW COLUMNS FROM {0}", "SHOW CREATE {0}", "EXISTS {0}",
    "ALTER TABLE a.own REPLACE PARTITION tuple() FROM {0}", "ALTER TABLE a.own MOVE PARTITION tuple() TO TABLE {0}", "TRUNCATE TABLE {0}",
    "CREATE MATERIALIZED VIEW a.n TO {0} AS SELECT s FROM a.own", "CREATE MATERIALIZED VIEW a.n TO a.own AS SELECT s FROM {0}",
    "DESCRIBE (SELECT * FROM {0})", "SELECT * FROM a.own PASTE JOIN {0}", "CREATE TABLE a.n CLONE AS {0}", "INSERT OVERWRITE {0} SELECT 'x'",
    "WITH own AS (SELECT * FROM {0}) SELECT * FROM own", "SELECT * FROM viewIfPermitted(SELECT s FROM {0} ELSE null('s String'))",
]  # fmt: skip


@pytest.fixture
def limited(api: Api, caller: Caller, fresh: None) -> Api:
    """Return a caller whose role may do all with one table, beside a database with a secret."""
    del fresh
    for name in ("a", "b"):
        api.ok("create_database", {"name": name})
    api.results(
        "CREATE TABLE a.own (s String) ENGINE = CnchMergeTree ORDER BY s;"
        "CREATE TABLE b.secret (s String) ENGINE = CnchMergeTree ORDER BY s;"
        f"INSERT INTO a.own VALUES ('mine'); INSERT INTO b.secret VALUES ('{SECRET}'), ('s');"
        "CREATE VIEW b.view AS SELECT * FROM b.secret;"
        "CREATE DICTIONARY b.dict (k String, s String) PRIMARY KEY k"
        " SOURCE(CLICKHOUSE(DB 'b' TABLE 'both')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0);"
        "CREATE TABLE b.both (k String, s String) ENGINE = CnchMergeTree ORDER BY k;"
        f"INSERT INTO b.both VALUES ('s', '{SECRET}')"
    )
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    grant(api, "TABLE", "a.own", "ALL")
    grant(api, "DATABASE", "a", "CREATE")
    return caller(role="Analyst")


@pytest.mark.parametrize(
    "step", [11, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_no_clause_reads_what_its_role_may_not(api: Api, limited: Api, step: int) -> None:
    """Every clause of every statement, with every kind of reference to what is not granted: each
    is refused, nothing of the secret comes out, and nothing has been written."""
    statements = [clause.format(value) for clause in CLAUSES for value in VALUES]
    statements += [clause.format(reference) for clause in FROMS for reference in REFERENCES]
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(limited.submit, statements[::step]))
    let_through = [
        (statement, response.status_code, response.text[:200])
        for statement, response in zip(statements[::step], responses, strict=True)
        if response.status_code not in REFUSED or SECRET in response.text
    ]
    assert let_through == []
    assert api.rows("SELECT * FROM a.own") == [["mine"]]
    assert api.rows("SELECT name FROM system.tables WHERE database = 'a'") == [["own"]]
    assert api.rows("SELECT count() FROM b.secret") == [["2"]]
    found = api.rows("SELECT name FROM system.tables WHERE database = 'b' ORDER BY name")
    assert found == [["both"], ["dict"], ["secret"], ["view"]]


def test_a_body_reads_no_more_than_its_role_may(limited: Api) -> None:
    """Types and keys in the body of a table have expressions, which the role runs."""
    value = "String DEFAULT dictGet('b.dict', 's', 's')"
    column = {"name": "s", "type": "String"}
    body = {"name": "n", "columns": [column], "orderByKeys": ["s"]}
    for change in (
        {"columns": [column, {"name": "x", "type": value}]},
        {"partitionKeys": [{"expression": "s IN b.secret"}]},
        {"uniqueKey": {"expression": "dictGet('b.dict', 's', s)"}},
    ):
        refused = limited.call("create_table", body | change, db_name="a")
        assert refused.status_code in REFUSED
    added = {"addColumns": [{"name": "x", "type": value}]}
    refused = limited.call("update_table", added, db_name="a", table_name="own")
    assert refused.status_code in REFUSED
    limited.ok("create_table", body, db_name="a")


def test_a_session_is_of_one_role(api: Api, limited: Api) -> None:
    """A temporary table that one role has filled is not there for another."""
    api.results("CREATE TEMPORARY TABLE kept AS SELECT * FROM b.secret", session="one")
    assert api.rows("SELECT count() FROM kept", session="one") == [["2"]]
    assert limited.refused("SELECT * FROM kept", session="one")[0] == 400
