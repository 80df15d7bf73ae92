"""ByteHouse's SQL is translated into the engine's."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.sql.ddl import Clauses, restore
from bytehouse_emulator.sql.dialect import Mode, Prepared, prepare
from bytehouse_emulator.sql.lexer import split


def translated(text: str, mode: Mode = "clickhouse_sql") -> Prepared:
    """Translate one statement where the database `sales` exists."""
    [statement] = split(text)
    return prepare(statement, mode, lambda: {"sales"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM SALES.t", "SELECT * FROM sales.t"),
        ("SELECT * FROM `Sales`.T", "SELECT * FROM `sales`.T"),
        ("SELECT Sales.T.a FROM Sales.T", "SELECT sales.T.a FROM sales.T"),
        ("SELECT Sales.a FROM other.x AS Sales", "SELECT Sales.a FROM other.x AS Sales"),
        ("SELECT 'Sales.t', a.Sales.b FROM a", "SELECT 'Sales.t', a.Sales.b FROM a"),
        ("SELECT * FROM Unknown.t", "SELECT * FROM Unknown.t"),
        ("USE Sales", "USE sales"),
        ("CREATE DATABASE IF NOT EXISTS New", "CREATE DATABASE IF NOT EXISTS new"),
        ('DROP DATABASE "Sales"', 'DROP DATABASE "sales"'),
        ("SHOW TABLES FROM Sales LIKE 'T%'", "SHOW TABLES FROM sales LIKE 'T%'"),
        ("SHOW CREATE TABLE Sales.T", "SHOW CREATE TABLE sales.T"),
    ],
)
def test_names_of_databases_are_lowered_and_no_others(text: str, expected: str) -> None:
    """Database names are case-insensitive; tables, columns, aliases and strings are not."""
    assert translated(text).text == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("a Int32", "a Int32 NULL"),
        ("a Int32 NOT NULL", "a Int32 NOT NULL"),
        ("a Int32 NULL", "a Int32 NULL"),
        ("a Int32 DEFAULT 5 NOT NULL", "a Int32 DEFAULT 5 NOT NULL"),
        ("a Int32 DEFAULT NULL", "a Int32 NULL DEFAULT NULL"),
        (
            "a Decimal(10, 2) DEFAULT 1.5 COMMENT 'x'",
            "a Decimal(10, 2) NULL DEFAULT 1.5 COMMENT 'x'",
        ),
        ("a double precision", "a double precision NULL"),
        ("a Array(Int32)", "a Array(Int32)"),
        ("a Map(String, Int8)", "a Map(String, Int8)"),
        ("a Nullable(Int8)", "a Nullable(Int8)"),
        ("a LowCardinality(String)", "a LowCardinality(String)"),
        ("a MATERIALIZED k + 1", "a MATERIALIZED k + 1"),
        ("INDEX i k TYPE minmax", "INDEX i k TYPE minmax"),
    ],
)
def test_a_column_is_nullable_by_default_in_ansi_sql(column: str, expected: str) -> None:
    """In `ansi_sql` a column is nullable unless NOT NULL, its type forbids it, or it is a key."""
    text = "CREATE TABLE t (k Int64, {}) ENGINE = MergeTree ORDER BY k"
    assert translated(text.format(column), "ansi_sql").text == (
        text.format(expected).replace("k Int64", "k Int64 NOT NULL")
    )
    assert translated(text.format(column)).text == text.format(column)


def test_an_added_column_is_nullable_by_default_in_ansi_sql() -> None:
    """ALTER TABLE follows the dialect too."""
    text = "ALTER TABLE t ADD COLUMN a Int32 AFTER b, ADD COLUMN IF NOT EXISTS c Int8 NOT NULL"
    assert translated(text, "ansi_sql").text == (
        "ALTER TABLE t ADD COLUMN a Int32 NULL AFTER b, ADD COLUMN IF NOT EXISTS c Int8 NOT NULL"
    )


def test_a_unique_key_takes_the_place_of_the_sort_key() -> None:
    """Rows of a unique key replace each other; what the engine does not know is kept as written."""
    prepared = translated(
        "CREATE TABLE sales.t (a Int64, b String, v UInt64) ENGINE = CnchMergeTree(v)"
        " PARTITION BY b CLUSTER BY (a, b) INTO 8 BUCKETS SPLIT_NUMBER 16 WITH_RANGE"
        " ORDER BY (b, a) PRIMARY KEY b UNIQUE KEY (a) SETTINGS index_granularity = 1024"
    )
    assert " ".join(prepared.text.split()) == (
        "CREATE TABLE sales.t (a Int64, b String, v UInt64) ENGINE = ReplacingMergeTree(v)"
        " PARTITION BY b ORDER BY (a) SETTINGS index_granularity = 1024"
    )
    assert prepared.clauses == Clauses(
        engine="CnchMergeTree",
        version="v",
        order_by="(b, a)",
        primary_key="b",
        unique_key="(a)",
        cluster_by="(a, b)",
        buckets=8,
        split_number=16,
        with_range=True,
    )
    assert restore(split(prepared.text)[0], prepared.clauses) == (
        "CREATE TABLE sales.t (a Int64, b String, v UInt64) ENGINE = CnchMergeTree(v)"
        " PARTITION BY b  CLUSTER BY (a, b) INTO 8 BUCKETS SPLIT_NUMBER 16 WITH_RANGE"
        " ORDER BY (b, a) PRIMARY KEY b UNIQUE KEY (a)   SETTINGS index_granularity = 1024"
    )


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "ORDER BY (a, b, c, d, e, f)",
        "ORDER BY (a, b) PRIMARY KEY b",
        "ORDER BY a SAMPLE BY b",
        "ORDER BY n",
        "ORDER BY m",
        "ORDER BY nowhere",
        "ORDER BY a UNIQUE KEY n",
        "ORDER BY a CLUSTER BY a INTO 0 BUCKETS",
        "ORDER BY a CLUSTER BY a",
    ],
)
def test_keys_that_the_service_refuses_are_refused(rest: str) -> None:
    """A sort key is needed, short and not nullable; the primary key is a prefix of it."""
    columns = "a Int8, b Int8, c Int8, d Int8, e Int8, f Int8, n Int8 NULL, m Nullable(Int8)"
    with pytest.raises(EmulatorError) as caught:
        translated(f"CREATE TABLE t ({columns}) ENGINE = CnchMergeTree {rest}")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("SYSTEM SHUTDOWN", 403),
        ("system kill", 403),
        ("ATTACH TABLE t", 403),
        ("GRANT ALL ON *.* TO x", 501),
        ("CREATE USER x", 501),
        ("CREATE FUNCTION f AS x -> x", 501),
        ("gibberish", 400),
    ],
)
def test_what_must_not_reach_the_engine_is_refused(text: str, status: int) -> None:
    """A statement of a kind that is not for callers is refused before it is translated."""
    with pytest.raises(EmulatorError) as caught:
        translated(text)
    assert caught.value.status == status


HEADS = [
    "",
    "CREATE TABLE a.t (a Int32, b String NOT NULL) ENGINE = CnchMergeTree",
    "CREATE TABLE t (",
    "CREATE DICTIONARY a.d (k String) PRIMARY KEY k",
    "ALTER TABLE t",
    "INSERT INTO a.t",
    "INSERT OVERWRITE",
    "SELECT a FROM",
]
WORDS = """CREATE TABLE DATABASE VIEW MATERIALIZED DICTIONARY IF NOT EXISTS SELECT FROM WHERE INSERT
    INTO OVERWRITE VALUES ALTER ADD COLUMN MODIFY DROP SHOW USE AS ON CLUSTER BY ORDER PRIMARY KEY
    UNIQUE PARTITION SETTINGS log_comment = ENGINE CnchMergeTree Sales sales.t system.query_log a
    Int32 NULL DEFAULT ( ) , . ; 'x' "y" `z` 1 -- /* */ $$ = + * BUCKETS LAYOUT SOURCE EXPLAIN
    WITH KV Map( RENAME TO PARTITION_LEVEL_UNIQUE_KEYS""".split()


@example("", ["USE"], "ansi_sql")
@example("INSERT OVERWRITE", [], "ansi_sql")
@example("INSERT INTO", [], "ansi_sql")
@given(
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=20),
    st.sampled_from(get_args(Mode)),
)
def test_any_statement_is_translated_or_refused(head: str, words: list[str], mode: Mode) -> None:
    """Whatever is in it: never another error than that of a statement."""
    for statement in split(" ".join([head, *words])):
        try:
            assert prepare(statement, mode, lambda: {"sales"}).text
        except EmulatorError as error:
            assert error.status in range(400, 502)  # noqa: PT017 - most are refused, some are not
