"""A caller that makes calls of many kinds, and knows what each must return."""

from __future__ import annotations

import random
from typing import Any

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import ENDLESS, Api


class Mixer:
    """One caller with a database of its own, among others at the same time.

    Everything it creates has its number in it, so that what belongs to another is noticed.
    """

    def __init__(self, emulator: RunningEmulator, number: int) -> None:
        self.calls = 0
        self._token = emulator.token
        self._api = Api(emulator.url, emulator.token)
        self._api.client.event_hooks = {"request": [self._count]}
        self._interface = f"http://127.0.0.1:{emulator.clickhouse_port}/"
        self._number = number
        self._database = f"mix{number}"
        self._rows = 0
        self._made = 0
        # Only the order of calls depends on it.
        self._dice = random.Random(number)  # noqa: S311

    def run(self, calls: int) -> None:
        """Make so many calls, or a few more."""
        kinds = [self._insert, self._insert_by_clickhouse, self._count_by_clickhouse]
        kinds += [self._count_rows, self._fail, self._background, self._table]
        kinds += [self._warehouse, self._connection, self._job, self._look, self._grant]
        kinds += [self._kill] if self._number % 4 == 0 else []
        with self._api.client:
            self._api.ok("create_database", {"name": self._database.upper()})
            columns = [{"name": "k", "type": "Int64"}, {"name": "caller", "type": "Int64"}]
            body = {"name": "t", "columns": columns, "orderByKeys": ["k"]}
            self._api.ok("create_table", body, db_name=self._database)
            while self.calls < calls:
                self._dice.choice(kinds)()
            self._api.ok("delete_database", db_name=self._database)

    def _count(self, _: object) -> None:
        self.calls += 1

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._number}-{self._made}"

    def _insert(self) -> None:
        count = self._dice.randrange(1, 20)
        rows = f"SELECT number, {self._number} FROM numbers({count})"
        self._api.rows(f"INSERT INTO {self._database}.t {rows}")
        self._rows += count

    def _clickhouse(self, query: str, rows: str = "") -> str:
        """Run a statement by the ClickHouse interface and return its rows."""
        self.calls += 1
        response = self._api.client.post(
            self._interface,
            params={"query": query},
            content=rows,
            auth=("bytehouse", self._token),
        )
        assert response.status_code == 200, response.text
        return response.text

    def _insert_by_clickhouse(self) -> None:
        count = self._dice.randrange(1, 20)
        rows = "".join(f"{number}\t{self._number}\n" for number in range(count))
        self._clickhouse(f"INSERT INTO {self._database}.t FORMAT TSV", rows)
        self._rows += count

    def _count_by_clickhouse(self) -> None:
        query = f"SELECT count(), countIf(caller != {self._number}) FROM {self._database}.t"
        assert self._clickhouse(query) == f"{self._rows}\t0\n"

    def _kill(self) -> None:
        """Kill a query of its own, which leaves those of others alone."""
        query = self._name("endless")
        body = {"query": ENDLESS, "mode": "clickhouse_sql", "queryID": query}
        self._api.ok("submit_async_query", body)
        self._api.ok("kill_async_query", id=query)
        self._api.wait_for(query, "Killed")

    def _count_rows(self) -> None:
        query = f"SELECT count(), countIf(caller != {self._number}) FROM {self._database}.t"
        assert self._api.rows(query) == [[str(self._rows), "0"]]

    def _fail(self) -> None:
        assert self._api.refused("SELECT throwIf(number = 7000) FROM numbers(9000)")[0] == 400

    def _background(self) -> None:
        query = self._name("query")
        body = {"query": f"SELECT {self._number}", "mode": "ansi_sql", "queryID": query}
        self._api.ok("submit_async_query", body)
        self._api.wait_for(query, "Finished")
        [found] = self._api.ok("get_async_query_result", id=query)["data"]
        assert found["rows"] == [[self._number]]
        statistics = self._api.ok("get_query_statistics", id=query)["data"]
        assert statistics["resultRows"] == 1

    def _table(self) -> None:
        name = self._name("table")
        columns = [{"name": "a", "type": "String"}]
        self._api.ok(
            "create_table",
            {"name": name, "columns": columns, "orderByKeys": ["a"]},
            db_name=self._database,
        )
        listed = self._api.ok("list_tables", db_name=self._database)["data"]
        assert {found["name"] for found in listed} == {"t", name}
        self._api.ok("delete_table", db_name=self._database, table_name=name)

    def _warehouse(self) -> None:
        name = self._name("vw").replace("-", "_")
        self._api.ok("create_warehouse", {"name": name, "configID": 123451})
        self._api.ok("update_warehouse", {"status": "down"}, name=name)
        assert self._api.ok("get_warehouse", name=name)["status"] == "down"
        self._api.ok("delete_warehouse", name=name)

    def _connection(self) -> None:
        body = {"name": self._name("c"), "type": "KAFKA", "data": {"brokers": str(self._number)}}
        number = self._api.ok("create_connection", body)["data"]["id"]
        assert self._api.ok("get_connection", id=number)["data"]["data"] == body["data"]
        self._api.ok("delete_connection", id=number)

    def _job(self) -> None:
        target = {"database": self._database, "table": "t"}
        body: dict[str, Any] = {"name": self._name("j"), "state": "DRAFT", "sourceSchema": {}}
        body["configuration"] = {"source": {"type": "LOCAL"}, "target": target}
        number = self._api.ok("create_import_job", body)["data"]["id"]
        job = self._api.ok("get_import_job", id=number)["data"]
        assert job["configuration"] == body["configuration"]
        self._api.ok("delete_import_job", id=number)

    def _look(self) -> None:
        found = self._api.ok("get_database", db_name=self._database)["data"]
        assert (found["name"], found["noOfTables"]) == (self._database, 1)
        query = {"query": f"SELECT k FROM {self._database}.t"}
        [read] = self._api.ok("get_query_lineage", query)["data"]["tables"]
        assert (read["database"], read["name"]) == (self._database, "t")
        listed = self._api.ok("list_databases", params={"filter": self._database})["data"]
        assert self._database in {entry["name"] for entry in listed}

    def _grant(self) -> None:
        permission = {"RoleName": "Mixed", "SecureObjectTypeName": "DATABASE"}
        permission |= {"ByteHouseResourceID": self._database}
        change = {**permission, "ActionName": "SELECT"}
        self._api.ok("grant_permission", change)
        granted = self._api.ok("list_permissions", params=permission)["data"]
        assert [entry["ActionName"] for entry in granted["permissions"]] == ["SELECT"]
        self._api.ok("revoke_permission", change)
