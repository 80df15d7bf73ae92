"""Statements are split without being parsed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse_emulator.sql.lexer import quote_identifier, quote_string, split, tokens


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (" ; ;; ", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("SELECT 'it''s;', 'a\\';'; SELECT 2", ["SELECT 'it''s;', 'a\\';'", "SELECT 2"]),
        ('SELECT `a;b`, "c;d"; SELECT 2', ['SELECT `a;b`, "c;d"', "SELECT 2"]),
        ("SELECT 1 -- one; two\n; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 /* a; /* b; */ c; */; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT $x$ ; $x$; SELECT 2", ["SELECT $x$ ; $x$", "SELECT 2"]),
        ("# ; \nSELECT 1", ["SELECT 1"]),
        ("SELECT 'never ends; SELECT 2", ["SELECT 'never ends; SELECT 2"]),
        ("INSERT INTO t VALUES (1, ';'); SELECT 2", ["INSERT INTO t VALUES (1, ';')", "SELECT 2"]),
        (
            "INSERT INTO t VALUES (1) /* ; */, (2 - 1); SELECT 2",
            ["INSERT INTO t VALUES (1) /* ; */, (2 - 1)", "SELECT 2"],
        ),
        (
            'INSERT INTO t FORMAT JSONEachRow {"a": "it\'s; so"}',
            ['INSERT INTO t FORMAT JSONEachRow {"a": "it\'s; so"}'],
        ),
    ],
)
def test_a_semicolon_ends_a_statement_only_as_a_token(text: str, statements: list[str]) -> None:
    """A semicolon in a string, an identifier, a comment or inline data ends nothing."""
    assert [statement.text for statement in split(text)] == statements


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_quoted_values_never_end_a_statement(values: list[str]) -> None:
    """Whatever a value is, quoted it is one token, and n statements remain n."""
    statements = [f"SELECT {quote_string(v)} AS {quote_identifier(v)}" for v in values]
    assert [found.text for found in split(" ; ".join(statements))] == statements


@given(st.text())
def test_quoting_an_identifier_can_be_undone(name: str) -> None:
    """A quoted name reads as the name."""
    [token] = tokens(quote_identifier(name))
    assert token.name == name


@given(st.text())
def test_any_string_can_be_split(text: str) -> None:
    """No input makes the lexer fail or lose its position."""
    for statement in split(text):
        for token in statement.tokens:
            assert statement.text[token.start : token.end] == token.text


@pytest.mark.parametrize(
    ("text", "streams"),
    [
        ("SELECT 1", True),
        ("(SELECT 1) UNION ALL (SELECT 2)", True),
        ("WITH 1 AS x SELECT x", True),
        ("INSERT INTO t SELECT 1", False),
        ("WITH 1 AS x INSERT INTO t SELECT x", False),
        ("SHOW TABLES", False),
    ],
)
def test_a_select_is_recognized(text: str, streams: bool) -> None:
    """Only a statement that returns rows can be streamed and limited."""
    assert split(text)[0].returns_rows is streams
