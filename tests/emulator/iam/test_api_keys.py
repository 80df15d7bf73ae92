"""API keys: created, used, expired, and shown once."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api
from tests.emulator.conftest import Caller

pytestmark = pytest.mark.usefixtures("fresh")

DAY = 86_400


def create(api: Api, **body: Any) -> dict[str, Any]:
    """Create a key and return it."""
    found: dict[str, Any] = api.ok("create_api_key", body)["data"]
    return found


def keys(api: Api) -> dict[str, dict[str, Any]]:
    """List the keys by their ids."""
    return {key["id"]: key for key in api.ok("list_api_keys")["data"]}


def refused(api: Api) -> bool:
    """Return whether a caller's key is refused as invalid."""
    response = api.call("list_databases")
    if response.status_code == 403:
        assert response.json()["error"]["code"] == "errbook_Auth_Unauthenticated"
    return response.status_code == 403


def test_a_key_is_rotated(api: Api, caller: Caller) -> None:
    """A second key works beside the first, and still does when the first is deleted."""
    [old] = keys(api)
    new = create(api, expiryInDays=90, comment="rotated")
    renewed = caller(new["apiKey"])
    assert not refused(renewed)
    assert not refused(api)
    renewed.ok("delete_api_key", api_key_id=old)
    assert refused(api)
    assert list(keys(renewed)) == [new["id"]]


def test_a_secret_is_shown_once(api: Api) -> None:
    """Only the response to its creation has the secret of a key, which has a colon in it."""
    new = create(api, comment="mine")
    assert ":" in new["apiKey"]
    listed = keys(api)[new["id"]]
    assert listed["comment"] == "mine"
    assert listed["status"] == "ENABLED"
    assert new["apiKey"] not in str(listed)
    assert "apiKey" not in listed


def test_a_user_has_two_keys_at_most(api: Api) -> None:
    """The start token counts; a third key is refused until one of the two is deleted."""
    second = create(api)
    assert api.fails("create_api_key", {}) == (422, "ApiKey_LimitExceeded")
    assert len(keys(api)) == 2
    api.ok("delete_api_key", api_key_id=second["id"])
    create(api)


def test_a_disabled_key_is_refused_at_once_and_until_it_is_enabled(
    api: Api, caller: Caller
) -> None:
    """Disabling takes effect on the next call, and so does enabling."""
    new = create(api)
    other = caller(new["apiKey"])
    api.ok("set_api_key_status", {"status": "DISABLED"}, api_key_id=new["id"])
    assert keys(api)[new["id"]]["status"] == "DISABLED"
    assert refused(other)
    api.ok("set_api_key_status", {"status": "ENABLED"}, api_key_id=new["id"])
    assert not refused(other)


def test_a_key_expires_after_its_days(api: Api, caller: Caller, emulator: RunningEmulator) -> None:
    """Days are counted by the emulator's clock; an expired key is extended from now on."""
    new = create(api, expiryInDays=90)
    other = caller(new["apiKey"])
    emulator.advance_clock(90 * DAY - 60)
    assert not refused(other)
    emulator.advance_clock(60)
    assert refused(other)
    api.ok("extend_api_key_expiry", {"addExpiryInDays": 1}, api_key_id=new["id"])
    assert not refused(other)
    emulator.advance_clock(DAY)
    assert refused(other)


def test_an_extension_adds_to_the_days_that_are_left(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """Extending a valid key adds to its expiry, not to now."""
    new = create(api, expiryInDays=10)
    api.ok("extend_api_key_expiry", {"addExpiryInDays": 10}, api_key_id=new["id"])
    emulator.advance_clock(20 * DAY - 60)
    assert not refused(caller(new["apiKey"]))


def test_a_key_without_expiry_never_expires(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """The field noExpiry overrides expiryInDays, and such a key cannot be extended."""
    new = create(api, noExpiry=True, expiryInDays=1)
    assert keys(api)[new["id"]]["noExpiry"] is True
    assert "expiresAt" not in keys(api)[new["id"]]
    emulator.advance_clock(1_000 * DAY)
    assert not refused(caller(new["apiKey"]))
    assert api.fails("extend_api_key_expiry", {"addExpiryInDays": 1}, api_key_id=new["id"]) == (
        400,
        "ApiKey_Invalid",
    )


def test_the_last_use_of_a_key_is_returned(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """A key that was never used has no such time; each use changes it."""
    new = create(api)
    assert "lastUsedAt" not in keys(api)[new["id"]]
    other = caller(new["apiKey"])
    first = keys(other)[new["id"]]["lastUsedAt"]
    emulator.advance_clock(60)
    second = keys(other)[new["id"]]["lastUsedAt"]
    assert new["createdAt"] <= first < second


@pytest.mark.parametrize("days", [0, -1, 10_000_000])
def test_an_invalid_number_of_days_is_refused(api: Api, days: int) -> None:
    """A key is valid for at least a day, and not beyond the year 2499."""
    assert api.fails("create_api_key", {"expiryInDays": days}) == (400, "ApiKey_Invalid")
    new = create(api)
    assert api.fails("extend_api_key_expiry", {"addExpiryInDays": days}, api_key_id=new["id"]) == (
        400,
        "ApiKey_Invalid",
    )
    assert api.fails("extend_api_key_expiry", {}, api_key_id=new["id"]) == (400, "ApiKey_Invalid")
    assert api.fails("set_api_key_status", {}, api_key_id=new["id"]) == (400, "ApiKey_Invalid")


def test_keys_of_others_are_out_of_reach(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """A user sees and changes no key of another user, whatever the role."""
    [own] = keys(api)
    other = caller(emulator.add_user(1336688750, ["SystemAdmin"]))
    assert own not in keys(other)
    assert other.fails("delete_api_key", api_key_id=own) == (404, "ApiKey_NotFound")
    status = {"status": "DISABLED"}
    assert other.fails("set_api_key_status", status, api_key_id=own) == (404, "ApiKey_NotFound")


def test_the_start_token_cannot_disable_itself(api: Api, caller: Caller) -> None:
    """Any other key can delete itself."""
    [own] = keys(api)
    assert api.fails("delete_api_key", api_key_id=own) == (422, "ApiKey_IllegalState")
    status = {"status": "DISABLED"}
    assert api.fails("set_api_key_status", status, api_key_id=own) == (422, "ApiKey_IllegalState")
    assert not refused(api)
    new = create(api)
    other = caller(new["apiKey"])
    other.ok("delete_api_key", api_key_id=new["id"])
    assert refused(other)


def test_the_control_api_accepts_only_the_start_token(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """No other key is accepted, and the token is even when it was deleted as an API key."""
    [own] = keys(api)
    other = caller(create(api)["apiKey"])
    assert other.fails("GET /_emulator/clock") == (401, "Auth_Unauthenticated")
    other.ok("delete_api_key", api_key_id=own)
    assert refused(api)
    api.ok("GET /_emulator/clock")
    emulator.reset()
    assert not refused(api)
    assert refused(other)
