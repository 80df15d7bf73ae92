"""JSON of calls: one meaning, whichever library decodes it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bytehouse._core import json
from bytehouse._core.secrets import Secret
from tests.support.cases import cases

LARGE = b" " * (1 << 15)
"""White space that makes a document large."""

strings = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | strings,
    lambda inner: st.lists(inner) | st.dictionaries(strings, inner),
    max_leaves=10,
)


@given(documents)
def test_what_is_encoded_decodes_to_itself(document: Any) -> None:
    """Large or small, integers of any size included."""
    body = json.encode(document)
    assert json.decode(body) == json.decode(body + LARGE) == document


PARTS = rb"""{ } [ ] , : " \ \u d8 00 - 0 1 . e + 99999999999 null true NaN Infinity""".split()
PARTS += [b" ", b"\n", b"\xc3", b"\xa4"]


@example(b"1e400")
@given(st.binary(max_size=20) | st.lists(st.sampled_from(PARTS), max_size=20).map(b"".join))
def test_any_bytes_mean_the_same_or_are_refused(body: bytes) -> None:
    """Whichever library decodes them."""

    def outcome(padding: bytes) -> str:
        try:
            return repr(json.decode(body + padding))
        except ValueError:
            return "refused"

    assert outcome(LARGE) == outcome(b"")


@cases(
    "body",
    [b"", b"{", b"[1,]", b"NaN", b"[Infinity]", b"\xff", b'"\xff"', "1".encode("utf-16"),
     b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", b'"\x01"', b"[" * 100_000, b"01", b"{'a': 1}"],
)  # fmt: skip
@cases("padding", [b"", LARGE])
def test_what_is_not_json_is_refused(body: bytes, padding: bytes) -> None:
    """Whichever library would have decoded it."""
    with pytest.raises(ValueError, match=r".+"):
        json.decode(body + padding)


def test_what_json_cannot_hold_is_refused() -> None:
    """Nothing becomes null or another type on its way."""
    holds_itself: list[Any] = []
    holds_itself.append(holds_itself)
    for value in (math.nan, math.inf, "\ud800", holds_itself):
        with pytest.raises(ValueError, match=r".+"):
            json.encode([value])
    with pytest.raises(TypeError):
        json.encode([b"bytes"])


def test_a_secret_is_written_whole() -> None:
    """It shows itself as stars everywhere but in what is sent."""
    assert json.encode({"key": Secret("s3cret")}) == b'{"key":"s3cret"}'
