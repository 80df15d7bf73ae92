"""`make fuzz-coverage` has targets, and what it finds is not lost."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from tests.support.cases import cases
from tests.support.coverage_fuzz import TARGETS, driven

BYTES = [Random(seed).randbytes(400) for seed in range(20)]  # noqa: S311 - any will do


@cases("target", TARGETS)
def test_each_target_takes_bytes(target: str) -> None:
    """Each is a property that is there; those without fixtures hold for a few bytes."""
    file, name = TARGETS[target].split("::")
    found = getattr(import_module(file.removesuffix(".py").replace("/", ".")), name)
    assert callable(found.hypothesis.inner_test)
    if not inspect.signature(found).parameters:
        assert any(found.hypothesis.fuzz_one_input(some) for some in BYTES)


def test_what_makes_a_property_fail_is_tried_again() -> None:
    """A property with a fixture fails by bytes; when it is run as a test, by the same argument."""
    database, tried = InMemoryExampleDatabase(), list[int]()

    def make() -> Callable[..., Any]:
        @settings(database=database, max_examples=1, derandomize=False)
        @given(number=st.integers())
        def small(limit: int, number: int) -> None:
            tried.append(number)
            assert number < limit

        return small

    make()(limit=5)
    fuzz = driven(SimpleNamespace(obj=make(), funcargs={"limit": 5}))  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="< 5"):
        list(map(fuzz, BYTES))
    failed = tried[-1]
    tried.clear()
    with pytest.raises(AssertionError, match="< 5"):
        make()(limit=5)
    assert tried[0] == failed
