"""Recorded traffic: the client works on it without any network, and it may be published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from vcr.cassette import Cassette

from bytehouse import ByteHouse, TransportError
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.overlay.colours import MakeClient
from tests.whole.recording import HIDDEN, LABEL, Scrubber
from tests.whole.scenarios import GROUPS, SECRET

OF_A_MACHINE = re.compile(
    r"localhost|127\.0\.0\.1|[:/]{2}[\w.]+:\d{4,5}|(?<![\w.])/(?:root|home|Users|tmp|var)/\w"
)
CREDENTIAL = re.compile(r"authorization|bearer", re.IGNORECASE)


@pytest.fixture(scope="module")
def vcr_cassette_dir(root: Path) -> str:
    """Name the directory of all cassettes of the repository."""
    return str(root / "tests" / "cassettes")


@pytest.fixture
def default_cassette_name(group: str) -> str:
    """Name the cassette of a group, which both colours share."""
    return group


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Compare all that is kept of a request, and keep only what may be published."""
    scrubber = Scrubber()
    return {
        "match_on": ["method", "uri", "body", "headers"],
        "before_record_request": scrubber.request,
        "before_record_response": scrubber.response,
        "skip_patchers": ["httplib", "urllib3"],  # the emulator's levers are no traffic of ours
    }


@pytest.fixture
def bh(
    make: MakeClient, record_mode: str, vcr: Cassette, request: pytest.FixtureRequest
) -> ByteHouse:
    """Return a client of nobody, or of the emulator when its answers are recorded."""
    assert vcr is not None
    if record_mode == "none":
        return make("http://127.0.0.1:9", max_retries=0)
    live: ByteHouse = request.getfixturevalue("live")
    return live


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.parametrize("group", GROUPS)
def test_a_group_works_on_recorded_answers(bh: ByteHouse, group: str, vcr: Cassette) -> None:
    """Each scenario asks exactly what was recorded and understands all of it, offline."""
    GROUPS[group](bh)
    assert vcr.all_played or vcr.dirty


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.parametrize("group", ["queries"])
def test_what_was_not_recorded_is_not_answered(bh: ByteHouse, group: str, record_mode: str) -> None:
    """A call beyond the recording fails instead of reaching for the network."""
    if record_mode == "none":
        with pytest.raises(Exception, match="Can't overwrite existing cassette"):
            bh.databases.get(group)
