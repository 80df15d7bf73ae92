"""Fixtures of the client, for the methods of its resources."""

from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "interrupt", "make", "server", "surroundings"]
