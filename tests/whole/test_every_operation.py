"""Nothing of the API is reachable through the raw client alone."""

from __future__ import annotations

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.whole.scenarios import GROUPS


def test_every_operation_is_used_through_the_client(
    live: ByteHouse, emulator: RunningEmulator
) -> None:
    """Scenarios as users write them carry out all 71 operations, in either flavour."""
    for scenario in GROUPS.values():
        scenario(live)
    done = {entry["operation"] for entry in emulator.journal() if entry["effect"]}
    assert len(OPERATIONS) == 71
    assert set(OPERATIONS) - done == set()
