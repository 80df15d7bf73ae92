"""Fixtures of the tests of results; how many examples `make fuzz-results` tries."""

from hypothesis import settings

from tests.results.values import TIMES
from tests.support.fixtures import bh, clock, flavour, interrupt, make, server, surroundings
from tests.support.live import emulator, lasting, live

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

if TIMES > 1:
    settings.register_profile(
        "full", max_examples=100 * TIMES, derandomize=False, database=None, deadline=None
    )
    settings.load_profile("full")
