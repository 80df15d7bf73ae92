"""Fixtures of the client's tests."""

from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "interrupt", "make", "server", "surroundings"]
