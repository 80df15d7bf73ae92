"""Settings and tags go into the SETTINGS clause of each statement that has one."""

from typing import Any

import pytest

from bytehouse import InvalidArgument
from bytehouse._sql.settings import with_settings
from tests.support.cases import cases

GIVEN = {"a_b": 3}


@cases(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1 SETTINGS a_b = 3"),
        ("SELECT 1; -- done\n", "SELECT 1 SETTINGS a_b = 3; -- done\n"),
        ("SELECT 1 -- one", "SELECT 1 SETTINGS a_b = 3 -- one"),
        ("SELECT ';' ; SELECT 2", "SELECT ';' SETTINGS a_b = 3 ; SELECT 2 SETTINGS a_b = 3"),
        ("(SELECT 1) UNION ALL (SELECT 2)", "(SELECT 1) UNION ALL (SELECT 2) SETTINGS a_b = 3"),
        ("SELECT 1 SETTINGS a = 1, b = -2", "SELECT 1 SETTINGS a = 1, b = -2, a_b = 3"),
        ("SELECT (SELECT 1 SETTINGS x = 1)", "SELECT (SELECT 1 SETTINGS x = 1) SETTINGS a_b = 3"),
        ("SELECT settings FROM t", "SELECT settings FROM t SETTINGS a_b = 3"),
        ("INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) SETTINGS a_b = 3 VALUES (1)"),
        ("INSERT INTO t SELECT 1 AS values", "INSERT INTO t SELECT 1 AS values SETTINGS a_b = 3"),
        ("ALTER TABLE t DROP COLUMN c", "ALTER TABLE t DROP COLUMN c SETTINGS a_b = 3"),
    ],
)  # fmt: skip
def test_the_clause_stands_where_the_engine_takes_it(sql: str, expected: str) -> None:
    """Strings, comments, subqueries and a clause of the statement's own do not mislead it."""
    assert with_settings(sql, GIVEN, {}) == expected


@cases(("value", "text"), [(True, "1"), (-5, "-5"), (0.5, "0.5"), ("it's", "'it''s'"), ("", "''")])
def test_values_are_literals(value: Any, text: str) -> None:
    """A string cannot change the statement."""
    assert with_settings("SELECT 1", {"s": value}, {}) == f"SELECT 1 SETTINGS s = {text}"


@cases(
    ("sql", "settings", "tags", "words"),
    [
        ("SELECT 1 SETTINGS a_b = 1", GIVEN, {}, "sets a_b itself"),
        ("SELECT 1 SETTINGS a = 1 UNION ALL SELECT 2", GIVEN, {}, "cannot be added"),
        ("SELECT 1 SETTINGS log_comment = 'x'", {}, {"team": "x"}, "sets log_comment itself"),
        ("SELECT 1", {"log_comment": "x"}, {"team": "x"}, "log_comment, which settings= sets"),
        ("CREATE TABLE t (a Int8) ENGINE = CnchMergeTree ORDER BY a", GIVEN, {}, "CREATE"),
        ("USE d; SELECT 1", GIVEN, {}, "for USE"),
        ("SELECT 1", {"a b": 1}, {}, "not the name"),
        ("SELECT 1", {"a=1,b": 1}, {}, "not the name"),
        ("SELECT 1", {"a": None}, {}, "number, a string or a bool"),
    ],
)
def test_what_cannot_be_merged_safely_is_refused(
    sql: str, settings: dict[str, Any], tags: dict[str, str], words: str
) -> None:
    """Nothing is set twice, and no clause of another meaning is written."""
    with pytest.raises(InvalidArgument, match=words):
        with_settings(sql, settings, tags)


def test_tags_are_left_out_where_there_is_no_clause() -> None:
    """Tags of a client must not keep it from creating a table."""
    tagged = with_settings("CREATE DATABASE d; SELECT 1", None, {"team": "x"})
    assert tagged == """CREATE DATABASE d; SELECT 1 SETTINGS log_comment = '{"team": "x"}'"""
