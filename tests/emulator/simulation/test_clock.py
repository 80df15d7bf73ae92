"""The clock goes forward, and timestamps with it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")


def test_the_clock_goes_forward_only(api: Api, emulator: RunningEmulator) -> None:
    """What is made after a step is dated after it; a reset puts the clock right."""
    early = api.ok("GET /_emulator/clock")
    emulator.advance_clock(86_400.5)
    late = api.ok("GET /_emulator/clock")
    assert late["ahead_seconds"] == early["ahead_seconds"] + 86_400.5
    assert late["now"][:10] > early["now"][:10]
    for seconds in (-1, 1e300):
        step = {"advance_seconds": seconds}
        assert api.fails("POST /_emulator/clock", step) == (400, "Clock_Invalid")
    emulator.reset()
    assert api.ok("GET /_emulator/clock")["ahead_seconds"] == 0


def test_responses_are_dated_by_the_clock(api: Api, emulator: RunningEmulator) -> None:
    """On both ports: clients compare the times that a response shows with its date."""

    def dates() -> list[str]:
        ping = f"http://127.0.0.1:{emulator.clickhouse_port}/ping"
        responses = api.call("GET /_emulator/clock"), httpx.get(ping, trust_env=False)
        return [date for response in responses for date in response.headers.get_list("Date")]

    early = [parsedate_to_datetime(date) for date in dates()]
    emulator.advance_clock(86_400)
    late = [parsedate_to_datetime(date) for date in dates()]
    assert len(early) == len(late) == 2
    assert all(a + timedelta(days=1) <= b for a, b in zip(early, late, strict=True))


def test_the_clock_stays_ahead_over_a_restart(tmp_path: Path) -> None:
    """With `--data` what was made lies never in the future."""
    with running_emulator(data=tmp_path) as emulator:
        emulator.advance_clock(86_400)
        emulator.process.kill()
        emulator.process.wait()
    with running_emulator(data=tmp_path) as emulator:
        api = Api(emulator.url, emulator.token)
        with api.client:
            assert api.ok("GET /_emulator/clock")["ahead_seconds"] == 86_400


def test_whatever_is_dated_as_late_as_can_be_is_kept(emulator: RunningEmulator, api: Api) -> None:
    """The clock stops, and dates end, before they outgrow what they are kept in."""
    refused = api.fails("create_api_key", {"expiryInDays": 200_000})
    assert refused == (400, "ApiKey_Invalid")
    emulator.advance_clock(470 * 365.25 * 86_400)
    api.ok("create_warehouse", {"name": "late", "configID": 123451})
    api.ok("create_api_key", {"expiryInDays": 90})
    assert api.rows("SELECT 1") == [[1]]
    assert api.ok("get_warehouse", name="late")["createdAt"] > "2490"
    assert api.fails("POST /_emulator/clock", {"advance_seconds": 1e9})[0] == 400
