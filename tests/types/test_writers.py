"""Values in binary are those that literals stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bytehouse._types.values import Unfit
from bytehouse._types.writers import writer_of

BERLIN = ZoneInfo("Europe/Berlin")
SKIPPED = datetime(2024, 3, 31, 2, 30)
TWICE = datetime(2024, 10, 27, 2, 30)
SUMMER = datetime(2024, 7, 1, 12, 0, 0, 250_000)


@pytest.mark.parametrize(("type_", "factor"), [("DateTime64(3)", 1000), ("DateTime64(9)", 10**9)])
def test_a_time_without_a_zone_is_one_of_the_server(type_: str, factor: int) -> None:
    """The earlier of two; one that its clocks skip is refused."""
    write = writer_of(type_, BERLIN, binary=True).write
    expected = [
        int(value.replace(tzinfo=BERLIN).timestamp() * 1000) * factor // 1000
        for value in (SUMMER, TWICE)
    ]
    assert list(write([SUMMER, TWICE])) == expected
    assert list(write([str(SUMMER), str(TWICE)])) == expected
    assert list(write([SUMMER.replace(tzinfo=UTC)])) == [
        int(SUMMER.replace(tzinfo=UTC).timestamp() * 1000) * factor // 1000
    ]
    with pytest.raises(Unfit, match="does not exist in Europe/Berlin"):
        write([SUMMER, SKIPPED])


def test_strings_of_both_kinds_become_bytes() -> None:
    """With whatever escapes their literals have."""
    write = writer_of("String", UTC, binary=True).write
    assert list(write(["a'b\\c\n\0é", b"\xff'\\x41", "\udcff"])) == [
        "a'b\\c\n\0é".encode(),
        b"\xff'\\x41",
        b"\xff",
    ]


def test_containers_in_text_are_in_the_engine_s_notation() -> None:
    """Words of JSON and Python would be stored as they are written, quotation marks and all."""
    texts = writer_of("Array(Nullable(String))", UTC, binary=True).write
    assert list(texts(["['null', NULL, '\"a\"']", "[1,-2.5e3,true,inf]"])) == [
        [b"null", None, b'"a"'],
        [b"1", b"-2.5e3", b"true", b"inf"],
    ]
    for text in ('["a"]', "[null]", "[None]", "[a]", "['a',b]"):
        with pytest.raises(Unfit, match="is not written as"):
            texts([text])
    with pytest.raises(Unfit, match="is not written as"):
        writer_of("Map(String, Int8)", UTC).write(['{"a":1}'])


def test_a_moment_of_numpy_is_no_list() -> None:
    """It has the type of arrays, and no items."""
    import numpy as np

    with pytest.raises(Unfit, match="is not a list"):
        writer_of("Array(DateTime)", UTC).write([np.datetime64("2024-01-01")])
