"""Fixtures of the tests of statements."""

from tests.results.conftest import (
    bh,
    clock,
    emulator,
    flavour,
    interrupt,
    lasting,
    live,
    make,
    server,
    surroundings,
)

__all__ = [
    "bh",
    "clock",
    "emulator",
    "flavour",
    "interrupt",
    "lasting",
    "live",
    "make",
    "server",
    "surroundings",
]
