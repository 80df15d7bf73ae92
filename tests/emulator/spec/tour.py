"""Call all operations so that each succeeds, after each was refused wherever it can be."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from tests.emulator.api import SLEEPING, Api
from tests.support.operations import MODELLED

USER: Final = 1336688750
PERIOD: Final = {"startTime": "2021-01-01T00:00:00Z", "endTime": "2199-01-01T00:00:00Z"}
SEED: Final = {
    "databases": [{"name": "mirror", "mysql": {"status": "Syncing"}}],
    "kafka": [{"topic": "t", "messages": 5}],
}
TABLE: Final = {
    "name": "t",
    "columns": [{"name": "k", "type": "Int64"}, {"name": "p", "type": "Int64"}],
    "orderByKeys": ["k"],
    "partitionKeys": [{"column": "p"}],
    "clusterKey": {"expr": "k", "numBuckets": 2},
}
VIEWS: Final = """
INSERT INTO d.t VALUES (1, 1), (2, 2);
CREATE MATERIALIZED VIEW d.mv ENGINE = CnchMergeTree ORDER BY k AS SELECT k FROM d.t;
CREATE DICTIONARY d.dict (k UInt64, p Int64) PRIMARY KEY k
SOURCE(CLICKHOUSE(DB 'd' TABLE 't')) LAYOUT(FLAT()) LIFETIME(0);
"""


@dataclass(frozen=True)
class Step:
    """A call that must succeed; `again` says how it is refused when it is made a second time."""

    operation: str
    path: Mapping[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    again: int = 0
    """The status of the same call made once more, if that is an error."""


class Tour:
    """The calls, and the statuses of those that failed."""

    def __init__(self, emulator: RunningEmulator, import_dir: Path, api: Api | None = None) -> None:
        self.errors: dict[str, set[int]] = {name: set() for name in MODELLED}
        self.done: set[str] = set()
        self._emulator = emulator
        self._api = api or Api(emulator.url, emulator.token)
        (import_dir / "a.csv").write_text("k,p\n3,3\n")

    def walk(self) -> None:
        """Make every call."""
        self._emulator.seed(SEED)
        self._emulator.add_role("Limited")
        self._emulator.add_user(USER)
        with self._api.client:
            for part in (self._access, self._data, self._queries, self._loading, self._warehouses):
                for step in part():
                    self._take(step)
            self._refuse_everything()

    def _take(self, step: Step) -> Any:
        self._refused(replace(step, headers={**step.headers, "Authorization": "Bearer wrong"}), 403)
        if step.operation not in _FREE:
            limited = {**step.headers, ROLE_HEADER: "Limited"}
            self._refused(replace(step, headers=limited), 403)
        response = self._call(step)
        assert response.status_code == 200, (step, response.text)
        self.done.add(step.operation)
        if step.again:
            self._refused(step, step.again)
        return response.json()

    def _refused(self, step: Step, status: int) -> None:
        response = self._call(step)
        assert response.status_code == status, (step, response.text)
        self.errors[step.operation].add(status)

    def _call(self, step: Step) -> Any:
        return self._api.call(
            step.operation, step.body, params=step.query, headers=step.headers, **step.path
        )

    def _refuse_everything(self) -> None:
        """Ask for objects that do not exist, and send bodies that say nothing."""
        for operation, facts in OPERATIONS.items():
            if operation not in MODELLED:
                continue
            unknown: dict[str, Any] = dict.fromkeys(re.findall(r"{(\w+)}", facts.path), "none")
            if "id" in unknown and facts.tag == "Data Loading":
                unknown["id"] = "7"
            if operation in {"get_execution", "get_execution_logs", "get_kafka_history"}:
                unknown["id"] = "0c3c217b-0000-4000-8000-000000000000"
            headers = {"X-Account-ID": "", "X-User-ID": "", "X-Bytehouse-Token": ""}
            response = self._api.call(operation, {}, headers=headers, **unknown)
            if "takes no body" in response.text:
                response = self._api.call(operation, headers=headers, **unknown)
            assert response.status_code in {200, 400, 404}, (operation, response.text)
            if response.status_code != 200:
                self.errors[operation].add(response.status_code)

    def _access(self) -> Iterator[Step]:
        account = {"X-Account-ID": "1", "X-User-ID": "1", "X-Bytehouse-Token": "x"}
        yield Step("subscribe_metadata", headers=account)
        yield Step("unsubscribe_metadata", headers=account)
        key = {"api_key_id": self._take(Step("create_api_key", body={}, again=422))["data"]["id"]}
        yield Step("list_api_keys")
        yield Step("set_api_key_status", key, {"status": "DISABLED"})
        yield Step("extend_api_key_expiry", key, {"addExpiryInDays": 5})
        yield Step("delete_api_key", key, again=404)
        yield Step("list_roles")
        assignment = {"UserID": USER, "RoleName": "Limited"}
        yield Step("assign_role", body=assignment)
        yield Step("list_assignments")
        yield Step("unassign_role", body=assignment, again=404)
        permission = {"RoleName": "Limited", "ByteHouseResourceID": "*"}
        permission |= {"SecureObjectTypeName": "ACCOUNT", "ActionName": "VIEW USAGE"}
        asked = {k: v for k, v in permission.items() if k != "ActionName"}
        yield Step("grant_permission", body=permission)
        yield Step("list_permissions", query={**asked, "RoleName": "SystemAdmin"})
        yield Step("revoke_permission", body=permission, again=404)
        yield Step("get_account_status")

    def _data(self) -> Iterator[Step]:
        database = {"db_name": "d"}
        table = {**database, "table_name": "t"}
        yield Step("create_database", body={"name": "d"}, again=400)
        yield Step("list_databases")
        yield Step("get_database", database)
        yield Step("get_mysql_sync_status", {"db_name": "mirror"})
        self._refused(Step("get_mysql_sync_status", database), 400)
        yield Step("create_table", database, TABLE, again=400)
        column = {"name": "x", "type": "String"}
        yield Step("update_table", table, {"addColumns": [column]}, again=400)
        yield Step("update_table", table, {"dropColumns": ["x"]}, again=400)
        self._api.rows(VIEWS, "clickhouse_sql")
        for name in ("list_tables", "list_tables_and_views", "list_materialized_views"):
            yield Step(name, database)
        for name in ("get_table", "list_partitions", "get_partition_bounds", "get_cluster_status"):
            yield Step(name, table)
        yield Step("get_materialized_view", {**database, "mv_name": "mv"})
        yield Step("get_query_lineage", body={"query": "SELECT k FROM d.t"})
        yield Step("delete_partitions", table, {"partitionNames": ["1"]})
        yield Step("delete_dictionary", {**database, "dict_name": "dict"}, again=404)
        yield Step("get_storage_usage", query=PERIOD)

    def _queries(self) -> Iterator[Step]:
        body = {"query": "SELECT sum(k) FROM d.t", "mode": "ansi_sql"}
        yield Step("submit_sync_query", body={**body, "queryID": "sync"}, again=400)
        yield Step("get_query_statistics", {"id": "sync"})
        yield Step("submit_async_query", body={**body, "queryID": "async"}, again=400)
        self._api.wait_for("async", "Finished")
        yield Step("get_async_query_status", {"id": "async"})
        yield Step("get_async_query_result", {"id": "async"})
        for name in ("kill_async_query", "kill_sync_query"):
            endless = {"query": SLEEPING, "mode": "ansi_sql", "queryID": name}
            self._take(Step("submit_async_query", body=endless))
            self._refused(Step("get_async_query_result", {"id": name}), 422)
            yield Step(name, {"id": name})
        yield from self._abort()
        yield Step("list_dialects")
        yield Step("get_warehouse_usage", query=PERIOD)

    def _abort(self) -> Iterator[Step]:
        session = {"X-QuerySession-ID": "mine"}
        body = {"query": SLEEPING, "mode": "ansi_sql", "asyncModeSwitchAfterInSec": 1}
        self._take(Step("submit_sync_query", body=body, headers=session))
        yield Step("abort_sync_query", headers=session)

    def _loading(self) -> Iterator[Step]:
        connection: dict[str, Any] = {"name": "c", "data": {"brokers": "h:1", "password": "p"}}
        new = Step("create_connection", body={**connection, "type": "KAFKA"}, again=400)
        broker = self._take(new)["data"]["id"]
        yield Step("list_connections")
        yield Step("get_connection", {"id": broker})
        yield Step("update_connection", {"id": broker}, connection)
        files = {"type": "LOCAL", "format": "CSV", "properties": {"fileNames": "a.csv"}}
        job = _job("files", files)
        number = {"id": self._take(Step("create_import_job", body=job, again=400))["data"]["id"]}
        yield Step("list_import_jobs")
        yield Step("get_import_job", number)
        yield Step("update_import_job", number, job)
        yield Step("rename_import_job", number, {"name": "renamed"})
        yield Step("describe_import_job", number, {"description": "x"})
        yield Step("get_import_job_start_arguments", number)
        execution = {"id": self._take(Step("start_import_job", number, {}))["data"]["id"]}
        self._wait_until_loaded(execution)
        yield Step("list_import_job_executions", number)
        yield Step("list_executions")
        yield Step("get_execution", execution)
        yield Step("get_execution_logs", execution)
        yield from self._kafka(broker)
        yield Step("delete_import_job", number, again=404)

    def _kafka(self, broker: int) -> Iterator[Step]:
        source = {"type": "KAFKA", "format": "JSON", "properties": {"topic": "t"}}
        job = {**_job("topic", source), "connectionID": broker}
        number = {"id": self._take(Step("create_import_job", body=job))["data"]["id"]}
        started = self._take(Step("start_import_job", number, {}, again=422))
        execution = {"id": started["data"]["id"]}
        window = {"partition": 0, "period": "1h", "granularity": "10m"}
        yield Step("get_kafka_history", execution, query=window)
        self._refused(Step("delete_import_job", number), 422)
        self._refused(Step("delete_connection", {"id": broker}), 422)
        yield Step("stop_import_job", number)
        yield Step("delete_import_job", number)
        yield Step("delete_connection", {"id": broker}, again=404)

    def _warehouses(self) -> Iterator[Step]:
        yield Step("create_warehouse", body={"name": "w", "configID": 123451}, again=400)
        yield Step("list_warehouses")
        yield Step("get_warehouse", {"name": "w"})
        yield Step("update_warehouse", {"name": "w"}, {"status": "down"})
        yield Step("delete_warehouse", {"name": "w"}, again=404)
        yield Step("list_warehouse_configurations")
        yield Step("delete_table", {"db_name": "d", "table_name": "t"}, again=404)
        yield Step("delete_database", {"db_name": "d"}, again=404)

    def _wait_until_loaded(self, execution: Mapping[str, object]) -> None:
        deadline = time.monotonic() + 20
        while self._call(Step("get_execution", execution)).json()["data"]["status"] != "FINISHED":
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _job(name: str, source: dict[str, Any]) -> dict[str, Any]:
    target = {"database": "d", "table": "t", "loadMode": "APPEND"}
    configuration = {"source": source, "target": target}
    return {
        "name": name,
        "state": "PUBLISHED",
        "sourceSchema": {},
        "configuration": configuration,
    }


# Operations that every role may call, or that take no role.
_FREE: Final = frozenset(
    "subscribe_metadata unsubscribe_metadata get_cluster_status get_account_status list_dialects"
    " create_api_key list_api_keys delete_api_key set_api_key_status extend_api_key_expiry"
    " abort_sync_query list_databases list_tables list_tables_and_views list_materialized_views"
    " list_warehouses list_warehouse_configurations".split()
)
