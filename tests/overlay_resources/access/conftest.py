"""The fixtures of the client's tests, for the tests of these groups of operations."""

from tests.support.fixtures import bh, clock, flavour, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "make", "server", "surroundings"]
