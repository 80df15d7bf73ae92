"""Python values become the literals that stand for them, in statements and in inserted rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv6Address

import pytest

from bytehouse import InvalidArgument
from bytehouse._sql.literals import literal


class Number(int, Enum):
    """An enum whose str is its name."""

    ONE = 1


class Level(IntEnum):
    """An enum of numbers."""

    LOW = -5


class Word(Enum):
    """An enum of strings."""

    IT = "it's"


class DisguisedString(str):
    """A string whose str and repr are others."""

    __slots__ = ()

    def __str__(self) -> str:
        return "', 1 --"


class DisguisedNumber(int):
    """A number whose str and repr are others."""

    def __repr__(self) -> str:
        return "1 OR 1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number.ONE, "1"),
        (Level.LOW, "(-5)"),
        (Word.IT, "'it''s'"),
        (DisguisedString("a"), "'a'"),
        (DisguisedNumber(7), "7"),
        (DisguisedNumber(2**70), f"toUInt128('{2**70}')"),
        ([2**70, -1], f"[toInt128('{2**70}'), -1]"),
        (-1, "(-1)"),
        (-0.5, "(-0.5)"),
        (Decimal("-1.50"), "toDecimal32('-1.50', 2)"),
        ([-1, -0.5], "[-1, -0.5]"),
        ((1,), "tuple(1)"),
        ({}, "map()"),
    ],
)
def test_literal(value: object, expected: str) -> None:
    """The value counts, not the str or repr of its class; no two minus signs are adjacent."""
    assert literal(value) == expected


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
def test_a_value_without_a_literal_is_refused(value: object, says: str) -> None:
    """Nothing is written as a string that has another meaning to the engine."""
    with pytest.raises(InvalidArgument, match=says):
        literal(value)


def test_literals_of_numpy_and_pandas() -> None:
    """They are those of the Python values; missing values are NULL."""
    import numpy as np
    import pandas as pd

    assert literal(np.int8(-3)) == "(-3)"
    assert literal(np.float32(0.5)) == "0.5"
    assert literal(np.bool_(True)) == "true"
    assert literal(np.array([1, 2])) == "[1, 2]"
    assert literal(pd.NA) == literal(pd.NaT) == "NULL"
    assert literal([pd.NaT, None]) == "[NULL, NULL]"
    for value, says in (
        (np.datetime64("2020-01-01"), "datetime64"),
        ([[pd.Timedelta(1)]], "Timedelta"),
    ):
        with pytest.raises(InvalidArgument, match=says):
            literal(value)
