"""Fixtures of the client, for the parameters of its methods."""

from tests.support.fixtures import bh, clock, flavour, make, server, surroundings

__all__ = ["bh", "clock", "flavour", "make", "server", "surroundings"]
