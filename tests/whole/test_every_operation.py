"""Nothing of the API is reachable through the raw client alone."""

from __future__ import annotations

from pathlib import Path

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.support.operations import DOCUMENTED, sent
from tests.whole.scenarios import GROUPS


def test_every_operation_is_used_through_the_client(
    live: ByteHouse, emulator: RunningEmulator
) -> None:
    """Scenarios as users write them carry out each that has one, in either flavour."""
    for scenario in GROUPS.values():
        scenario(live)
    done = {entry["operation"] for entry in emulator.journal() if entry["effect"]}
    assert done >= sent()


def test_every_operation_has_a_method(root: Path) -> None:
    """The one test that fails for an operation that is in openapi.yaml, and not yet in the client:
    `make generate` names the file for its method.
    """
    assert sorted(set(OPERATIONS) - sent()) == []
    assert sent() >= set(DOCUMENTED)
    page = (root / "docs/reference/operations.md").read_text("utf-8")
    assert [row for row in page.splitlines() if "| none: " in row] == []
