"""Fixtures of the tests under faults: clients in both flavours, a scripted server, an emulator."""

from collections.abc import Iterator

import pytest

from bytehouse_emulator.testing import RunningEmulator, running_emulator
from tests.support.fixtures import bh, clock, flavour, make, server, surroundings

__all__ = ["bh", "clock", "emulator", "flavour", "make", "server", "surroundings"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator for the tests of a module."""
    with running_emulator() as running:
        yield running
