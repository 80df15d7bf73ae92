"""What the control plane knows is there after a restart."""

from __future__ import annotations

from pathlib import Path

from bytehouse_emulator import running_emulator
from tests.emulator.api import Api

PERMISSION = {
    "RoleName": "Analyst",
    "ByteHouseResourceID": "*",
    "SecureObjectTypeName": "ACCOUNT",
    "ActionName": "USE",
}


def test_everything_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    """Keys, roles, grants and warehouses survive a kill; the new token works beside them."""
    with running_emulator(data=tmp_path, roles=["Analyst"]) as first:
        api = Api(first.url, first.token)
        with api.client:
            secret = api.ok("create_api_key", {})["data"]["apiKey"]
            api.ok("grant_permission", PERMISSION)
            api.ok("create_warehouse", {"name": "etl", "configID": 123452, "status": "down"})
            api.rows("SELECT 1")
            first.process.kill()
            first.process.wait()
    with running_emulator(data=tmp_path, roles=["Analyst"], validate_answers=True) as second:
        api, old = Api(second.url, secret), Api(second.url, first.token)
        with api.client, old.client:
            assert old.call("list_databases").status_code == 401
            assert len(api.ok("list_api_keys")["data"]) == 2
            assert api.rows("SELECT 1") == [[1]]
            headers = {"X-User-ActiveRole": "Analyst"}
            body = {"query": "SELECT 2", "mode": "ansi_sql"}
            api.ok("submit_sync_query", body, headers=headers)
            assert api.ok("get_warehouse", name="etl")["status"] == "down"
            assert len(api.ok("list_roles")["data"]["roles"]) == 3
            period = {"startTime": "2021-01-01T00:00:00Z", "endTime": "2199-01-01T00:00:00Z"}
            usage = api.ok("get_warehouse_usage", params=period)["data"]
            assert usage["virtualWarehouses"][0]["queries"] == 3
