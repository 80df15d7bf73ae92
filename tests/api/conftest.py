"""Fixtures of these tests."""

from tests.support.fixtures import bh, clock, emulator, flavour, make, server, surroundings

__all__ = ["bh", "clock", "emulator", "flavour", "make", "server", "surroundings"]
