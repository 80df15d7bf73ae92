"""Durations are read as Go writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse_emulator.calls.times import read_duration
from bytehouse_emulator.errors import EmulatorError


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["h", "m", "s", "ms", "us", "ns"]))))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    """Whatever its units and their order; one that comes to nothing is refused."""
    sizes = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
    text = "".join(f"{number}{unit}" for number, unit in parts)
    total = sum(number * sizes[unit] for number, unit in parts)
    if total and len(text) <= 100:
        assert read_duration("period", text) == total
    else:
        with pytest.raises(EmulatorError):
            read_duration("period", text)
