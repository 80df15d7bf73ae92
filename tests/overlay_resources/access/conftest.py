"""The fixtures of the client's tests, for the tests of these groups of operations."""

from tests.overlay.conftest import bh, clock, flavour, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "make", "server", "surroundings"]
