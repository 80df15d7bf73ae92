"""Metadata subscriptions and the bucketing of tables."""

from __future__ import annotations

import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")

SUBSCRIPTION = ["subscribe_metadata", "unsubscribe_metadata"]
HEADERS = {
    "X-Account-ID": "2100042608",
    "X-User-ID": "2100042608",
    "X-Bytehouse-Token": "eyJhbGciOiJSUzI1Ni",
}


@pytest.mark.parametrize("operation", SUBSCRIPTION)
def test_subscribing_can_be_repeated(api: Api, operation: str) -> None:
    """Twice is as good as once; neither takes a role."""
    for _ in range(2):
        headers = {**HEADERS, ROLE_HEADER: "Nobody"}
        assert api.ok(operation, headers=headers) == {"message": "Success"}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("operation", SUBSCRIPTION)
def test_a_subscription_needs_all_three_headers(api: Api, operation: str, name: str) -> None:
    """One that is missing or empty is refused by name."""
    for headers in ({k: v for k, v in HEADERS.items() if k != name}, {**HEADERS, name: ""}):
        response = api.call(operation, headers=headers)
        assert response.status_code == 400
        assert name in response.json()["message"]


def test_bucketing_makes_progress(api: Api, emulator: RunningEmulator) -> None:
    """Immediately, or with each poll; a table without buckets makes none."""
    table = "CREATE TABLE d.{} (a Int32) ENGINE = CnchMergeTree{} ORDER BY a"
    clustered = " CLUSTER BY a INTO 4 BUCKETS"
    api.ok("create_database", {"name": "d"})
    for name, clause in (("plain", ""), ("early", clustered), ("late", clustered)):
        api.results(table.format(name, clause))

    def progress(name: str) -> tuple[int, str]:
        data = api.ok("get_cluster_status", db_name="d", table_name=name)["data"]
        return data["cluster_status"], data["cluster_progress"]

    assert progress("plain") == (0, "0%")
    assert progress("early") == (1, "100%")
    emulator.transitions("polls", polls=4)
    assert progress("early") == (1, "100%")
    assert [progress("late")[1] for _ in range(5)] == ["0%", "25%", "50%", "75%", "100%"]
    assert progress("late") == (1, "100%")
    missing = api.fails("get_cluster_status", db_name="d", table_name="none")
    assert missing == (404, "Table_NotFound")
