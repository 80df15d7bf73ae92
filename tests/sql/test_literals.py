"""Python values become the literals that stand for them, in statements and in inserted rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv6Address

import pytest

from bytehouse import InvalidArgument
from bytehouse._sql.literals import literal, row_literal


class Number(int, Enum):
    """An enum whose text is its name."""

    ONE = 1


class Level(IntEnum):
    """An enum of numbers."""

    LOW = -5


class Word(Enum):
    """An enum of texts."""

    IT = "it's"


class Sly(str):
    """A text that shows itself as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "', 1 --"


class SlyNumber(int):
    """A number that shows itself as another."""

    def __repr__(self) -> str:
        return "1 OR 1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number.ONE, "1"),
        (Level.LOW, "(-5)"),
        (Word.IT, "'it''s'"),
        (Sly("a"), "'a'"),
        (SlyNumber(7), "7"),
        (SlyNumber(2**70), f"toUInt128('{2**70}')"),
        ([2**70, -1], f"[toInt128('{2**70}'), -1]"),
        (-1, "(-1)"),
        (-0.5, "(-0.5)"),
        (Decimal("-1.50"), "toDecimal32('-1.50', 2)"),
        ([-1, -0.5], "[-1, -0.5]"),
        ((1,), "tuple(1)"),
        ({}, "map()"),
    ],
)
def test_a_value_is_written_as_what_it_is(value: object, expected: str) -> None:
    """Whatever a class says of itself, its value counts; a minus never meets another one."""
    assert literal(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-1, "-1"),
        (0.5, "(0.5)"),
        (float("-inf"), "(-inf)"),
        ("0.5", "'0.5'"),
        ([1, -2, None, "a.e", [True]], "[1, -2, NULL, 'a.e', [true]]"),
        ((1, "a"), "(1, 'a')"),
        ([0.5, -1], "array(0.5, -1)"),
        ([["a"], [0.5, None]], "array(array('a'), array(0.5, NULL))"),
        ((1,), "tuple(1)"),
        ((0.5, ["a"]), "tuple(0.5, array('a'))"),
        ({"a": [None, -1, 2**40]}, "map('a', array(NULL, -1, toInt64(1099511627776)))"),
        ([Level.LOW, SlyNumber(2**64)], f"array(-5, toInt128('{2**64}'))"),
    ],
)
def test_a_number_is_inserted_exactly(value: object, expected: str) -> None:
    """In brackets or a function, the engine reads it as an expression."""
    assert row_literal(value) == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("\ud800", "surrogate"),
        (2**256, "256 bits"),
        (Decimal("nan"), "Decimal that is NaN"),
        (Decimal(10) ** 77, "76 digits"),
        (IPv6Address("fe80::1%eth0"), "scope id"),
        (1j, "complex"),
        ({1, 2}, "set"),
        (object(), "object"),
        (datetime(1800, 1, 1), "outside"),
    ],
)
def test_what_has_no_literal_is_refused(value: object, says: str) -> None:
    """Nothing is written as a text that the engine would take for something else."""
    with pytest.raises(InvalidArgument, match=says):
        literal(value)


def test_values_of_numpy_and_pandas_are_written_as_what_they_are() -> None:
    """As Python's values are; what is missing is NULL, and what has no literal is refused."""
    import numpy as np
    import pandas as pd

    assert literal(np.int8(-3)) == "(-3)"
    assert literal(np.float32(0.5)) == "0.5"
    assert literal(np.bool_(True)) == "true"
    assert literal(np.array([1, 2])) == "[1, 2]"
    assert literal(pd.NA) == literal(pd.NaT) == "NULL"
    assert literal([pd.NaT, None]) == "[NULL, NULL]"
    assert row_literal(np.array([0.5, 1.0])) == "array(0.5, 1.0)"
    assert row_literal([np.array([1, 2])]) == "array(array(1, 2))"
    assert row_literal([pd.Timestamp(0)]) == "array(toDateTime('1970-01-01 00:00:00'))"
    for value, says in (
        (np.datetime64("2020-01-01"), "datetime64"),
        ([[pd.Timedelta(1)]], "Timedelta"),
    ):
        with pytest.raises(InvalidArgument, match=says):
            literal(value)
