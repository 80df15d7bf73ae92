"""Two minutes of everything at once; `make soak ARGS="--minutes 60"` takes an hour."""

from collections import Counter

import pytest

from bytehouse_emulator.testing import RunningEmulator
from tests.support import soak

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SECONDS = 40.0


@pytest.mark.parametrize("flavour", soak.FLAVOURS)
def test_signals_faults_forks_and_a_slow_resolver_leave_nothing_behind(
    emulator: RunningEmulator, flavour: str
) -> None:
    """Signals at random instants end calls and nothing else: no later call fails, no descriptor,
    thread or memory stays, and nothing takes effect twice, or without being reported."""
    report, outcomes = soak.mixed(emulator, flavour, SECONDS)
    report.check()
    told = Counter(told.outcome for told in report.account.told)
    assert report.interrupts > 10, told
    assert set(outcomes) <= {"done", "unknown"}
