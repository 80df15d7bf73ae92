"""Fixtures of these tests."""

from tests.support.fixtures import (
    bh,
    clock,
    emulator,
    flavour,
    interrupt,
    make,
    server,
    surroundings,
)

__all__ = ["bh", "clock", "emulator", "flavour", "interrupt", "make", "server", "surroundings"]
