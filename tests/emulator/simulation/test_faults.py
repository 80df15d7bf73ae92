"""Faults change the responses of the calls they are for, and of no others."""

from __future__ import annotations

import httpx
import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")


def test_the_next_calls_fail_as_they_are_told_to(api: Api, emulator: RunningEmulator) -> None:
    """A fault strikes its operation as often as asked, with any status and body, and is over."""
    emulator.fault("list_databases", count=2, status=520, body="<html>", content_type="text/html")
    for _ in range(2):
        response = api.call("list_databases")
        assert (response.status_code, response.text) == (520, "<html>")
        assert response.headers["Content-Type"] == "text/html"
        assert api.call("list_dialects").status_code == 200
    assert api.call("list_databases").status_code == 200


def test_a_truncated_response_comes_after_the_effect(api: Api, emulator: RunningEmulator) -> None:
    """What was done stays done although half of the answer is missing."""
    emulator.fault("create_database", truncate=True)
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("create_database", {"name": "truncated"})
    api.ok("delete_database", db_name="truncated")


def test_a_fault_for_nothing_is_refused(emulator: RunningEmulator, api: Api) -> None:
    """A fault that could never strike is a mistake in a test, and is told."""
    faults: tuple[object, ...] = ({"operation": "no_such_operation"}, {"unknown": 1}, [])
    for fault in faults:
        assert api.fails("POST /_emulator/faults", fault) == (400, "Fault_Invalid")
    assert emulator.token not in repr(emulator)


def test_a_distorted_response_is_still_an_effect(emulator: RunningEmulator, api: Api) -> None:
    """Broken JSON, new words and new keys come with the operation carried out."""
    emulator.fault("create_database", distort="malformed")
    response = api.call("create_database", {"name": "d"})
    assert response.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        response.json()
    emulator.fault("list_databases", distort="extra_fields")
    [found] = api.ok("list_databases")["data"]
    assert found.pop("somethingNew")
    emulator.fault("get_warehouse", distort="unknown_enum")
    assert api.ok("get_warehouse", name="vw_default")["status"] == "SOMETHING_NEW"
    assert [entry["fault"] for entry in emulator.journal("list_databases")] == ["extra_fields"]


def test_a_repeated_cursor_never_ends(emulator: RunningEmulator, api: Api) -> None:
    """The next page is the same page again, for as long as the fault lasts."""
    for name in range(25):
        api.ok("create_connection", {"name": f"c{name}", "type": "KAFKA", "data": {}})
    emulator.fault("list_connections", distort="repeated_cursor", count=5)
    cursor = api.ok("list_connections")["meta"]["cursor"]
    for _ in range(4):
        assert api.ok("list_connections", params={"cursor": cursor})["meta"]["cursor"] == cursor
    assert api.ok("list_connections", params={"cursor": cursor})["meta"]["cursor"] != cursor


def test_chance_is_the_same_with_the_same_seed(emulator: RunningEmulator, api: Api) -> None:
    """A share of the calls is struck, and which ones depends on the seed alone."""

    def struck(seed: int) -> list[int]:
        emulator.clear_faults()
        emulator.fault("list_dialects", status=503, count=10**6, probability=0.3, seed=seed)
        return [api.call("list_dialects").status_code for _ in range(60)]

    first = struck(1)
    assert 5 < first.count(503) < 35
    assert struck(1) == first != struck(2)
