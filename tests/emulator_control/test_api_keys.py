"""API keys: made, used, ended, and never shown again."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api
from tests.emulator_control.conftest import Caller

DAY = 86_400


def make(api: Api, **body: Any) -> dict[str, Any]:
    """Make a key and answer with it."""
    found: dict[str, Any] = api.ok("create_api_key", body)["data"]
    return found


def keys(api: Api) -> dict[str, dict[str, Any]]:
    """List the keys by their ids."""
    return {key["id"]: key for key in api.ok("list_api_keys")["data"]}


def refused(api: Api) -> bool:
    """Tell whether a caller's key is refused as one that will not do."""
    response = api.call("list_databases")
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.json()["error"]["code"] == "errbook_Auth_Unauthenticated"
    return response.status_code == 401


def test_a_key_is_rotated(api: Api, caller: Caller) -> None:
    """A second key works beside the first, and goes on working when the first is deleted."""
    [old] = keys(api)
    new = make(api, expiryInDays=90, comment="rotated")
    renewed = caller(new["apiKey"])
    assert not refused(renewed)
    assert not refused(api)
    renewed.ok("delete_api_key", api_key_id=old)
    assert refused(api)
    assert list(keys(renewed)) == [new["id"]]


def test_a_secret_is_shown_once(api: Api) -> None:
    """Whoever makes a key sees its secret, which holds a colon; no list does."""
    new = make(api, comment="mine")
    assert ":" in new["apiKey"]
    listed = keys(api)[new["id"]]
    assert listed["comment"] == "mine"
    assert listed["status"] == "ENABLED"
    assert new["apiKey"] not in str(listed)
    assert "apiKey" not in listed


def test_a_user_has_two_keys_at_most(api: Api) -> None:
    """The token of the start counts; a third key is refused until one of the two is deleted."""
    second = make(api)
    assert api.fails("create_api_key", {}) == (409, "ApiKey_LimitExceeded")
    assert len(keys(api)) == 2
    api.ok("delete_api_key", api_key_id=second["id"])
    make(api)


def test_a_disabled_key_is_refused_at_once_and_until_it_is_enabled(
    api: Api, caller: Caller
) -> None:
    """Disabling takes effect on the next call; enabling brings the key back."""
    new = make(api)
    other = caller(new["apiKey"])
    api.ok("set_api_key_status", {"status": "DISABLED"}, api_key_id=new["id"])
    assert keys(api)[new["id"]]["status"] == "DISABLED"
    assert refused(other)
    api.ok("set_api_key_status", {"status": "ENABLED"}, api_key_id=new["id"])
    assert not refused(other)


def test_a_key_ends_with_its_days(api: Api, caller: Caller, emulator: RunningEmulator) -> None:
    """Days are counted by the emulator's clock; an ended key can be extended from now on."""
    new = make(api, expiryInDays=90)
    other = caller(new["apiKey"])
    emulator.advance_clock(90 * DAY - 60)
    assert not refused(other)
    emulator.advance_clock(60)
    assert refused(other)
    api.ok("extend_api_key_expiry", {"addExpiryInDays": 1}, api_key_id=new["id"])
    assert not refused(other)
    emulator.advance_clock(DAY)
    assert refused(other)


def test_days_are_added_to_those_that_are_left(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """Extending a living key adds to its end, not to now."""
    new = make(api, expiryInDays=10)
    api.ok("extend_api_key_expiry", {"addExpiryInDays": 10}, api_key_id=new["id"])
    emulator.advance_clock(20 * DAY - 60)
    assert not refused(caller(new["apiKey"]))


def test_a_key_without_end_never_ends(api: Api, caller: Caller, emulator: RunningEmulator) -> None:
    """The field noExpiry counts for more than expiryInDays, and leaves nothing to extend."""
    new = make(api, noExpiry=True, expiryInDays=1)
    assert keys(api)[new["id"]]["noExpiry"] is True
    assert "expiresAt" not in keys(api)[new["id"]]
    emulator.advance_clock(1_000 * DAY)
    assert not refused(caller(new["apiKey"]))
    assert api.fails("extend_api_key_expiry", {"addExpiryInDays": 1}, api_key_id=new["id"]) == (
        400,
        "ApiKey_Invalid",
    )


def test_the_last_use_of_a_key_is_told(api: Api, caller: Caller, emulator: RunningEmulator) -> None:
    """A key that was never used says so by saying nothing; each use moves the time."""
    new = make(api)
    assert "lastUsedAt" not in keys(api)[new["id"]]
    other = caller(new["apiKey"])
    first = keys(other)[new["id"]]["lastUsedAt"]
    emulator.advance_clock(60)
    second = keys(other)[new["id"]]["lastUsedAt"]
    assert new["createdAt"] <= first < second


@pytest.mark.parametrize("days", [0, -1, 10_000_000])
def test_days_that_make_no_sense_are_refused(api: Api, days: int) -> None:
    """A key lives at least a day and not beyond the calendar."""
    assert api.fails("create_api_key", {"expiryInDays": days}) == (400, "ApiKey_Invalid")
    new = make(api)
    assert api.fails("extend_api_key_expiry", {"addExpiryInDays": days}, api_key_id=new["id"]) == (
        400,
        "ApiKey_Invalid",
    )
    assert api.fails("extend_api_key_expiry", {}, api_key_id=new["id"]) == (400, "ApiKey_Invalid")
    assert api.fails("set_api_key_status", {}, api_key_id=new["id"]) == (400, "ApiKey_Invalid")


def test_keys_of_others_are_out_of_reach(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """A user sees and ends his own keys only, whatever his role."""
    [own] = keys(api)
    other = caller(emulator.add_user(1336688750, ["SystemAdmin"]))
    assert own not in keys(other)
    assert other.fails("delete_api_key", api_key_id=own) == (404, "ApiKey_NotFound")
    status = {"status": "DISABLED"}
    assert other.fails("set_api_key_status", status, api_key_id=own) == (404, "ApiKey_NotFound")


def test_the_only_key_does_not_shut_its_owner_out(api: Api, caller: Caller) -> None:
    """The token of the start cannot end itself, while any other key can."""
    [own] = keys(api)
    assert api.fails("delete_api_key", api_key_id=own) == (409, "ApiKey_Conflict")
    status = {"status": "DISABLED"}
    assert api.fails("set_api_key_status", status, api_key_id=own) == (409, "ApiKey_Conflict")
    assert not refused(api)
    new = make(api)
    other = caller(new["apiKey"])
    other.ok("delete_api_key", api_key_id=new["id"])
    assert refused(other)


def test_the_levers_stay_with_the_token_of_the_start(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """No other key opens them, and deleting that one does not close them."""
    [own] = keys(api)
    other = caller(make(api)["apiKey"])
    assert other.fails("GET /_emulator/clock") == (401, "Auth_Unauthenticated")
    other.ok("delete_api_key", api_key_id=own)
    assert refused(api)
    api.ok("GET /_emulator/clock")
    emulator.reset()
    assert not refused(api)
    assert refused(other)
