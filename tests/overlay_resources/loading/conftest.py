"""The fixtures of the client's tests, for data loading and virtual warehouses."""

from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "interrupt", "make", "server", "surroundings"]
