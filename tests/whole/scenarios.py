"""What users do with the client, one scenario for each of the API's groups."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pytest

from bytehouse import (
    ByteHouse,
    ClusterKey,
    Column,
    KafkaConnection,
    NotFound,
    PartitionKey,
    QueryFailed,
    TableSpec,
)

USER: Final = 1336688750
SECRET: Final = "Scenario-hush-1c5d"
"""What a scenario sends as a password or a token."""

SEED: Final[dict[str, Any]] = {
    "roles": [{"name": "Limited"}],
    "users": [{"id": USER}],
    "databases": [{"name": "mirror", "mysql": {"status": "Syncing"}}],
    "kafka": [{"topic": "clicks", "messages": 5, "speed": 1_000_000.0}],
}
"""What the emulator begins with."""

FILE: Final = "orders.csv"
ROWS: Final = "id,day,note\n4,2026-03-01,fourth\n5,2026-03-02,fifth\n"
_START, _END = "2021-01-01T00:00:00Z", "2199-01-01T00:00:00Z"
_ENDLESS = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 7"
_ORDERS = TableSpec(
    "orders",
    [Column("id", "UInt64"), Column("day", "Date"), Column("note", "String", nullable=True)],
    order_by="id",
    partition_by=PartitionKey("day", "month"),
    cluster_key=ClusterKey("id", 2),
)


def access(bh: ByteHouse) -> None:
    """Probe after keys, roles and permissions."""
    bh.metadata.subscribe(1, 1, SECRET)
    bh.metadata.unsubscribe(1, 1, SECRET)
    assert bh.account.status().to_dict()

    key = bh.api_keys.create(expires_in="60d", comment="of a robot")
    assert key.secret.reveal()
    assert key.id in [known.id for known in bh.api_keys.list()]
    assert key.id is not None
    bh.api_keys.disable(key.id)
    bh.api_keys.set_status(key.id, "ENABLED")
    bh.api_keys.extend(key.id, "30d")
    bh.api_keys.delete(key.id)
    assert key.id not in [known.id for known in bh.api_keys.list()]

    assert {"AccountAdmin", "Limited"} <= {role.name for role in bh.roles.list()}
    bh.assignments.assign(USER, "Limited")
    held = bh.assignments.list(user_id=USER).all()
    assert [assignment.role_name for assignment in held] == ["Limited"]
    bh.assignments.unassign(USER, "Limited")

    bh.permissions.grant("Limited", "VIEW USAGE", on="*")
    assert [f.action_name for f in bh.permissions.list("Limited", on="*")] == ["VIEW USAGE"]
    with bh.role("AccountAdmin"):
        bh.permissions.revoke("Limited", "VIEW USAGE", on="*")
    assert bh.permissions.list("Limited", on="*").all() == []


def tables(bh: ByteHouse) -> None:
    """Keep databases, tables, partitions, views and dictionaries."""
    bh.databases.create("sales", description="Orders of all shops")
    assert "sales" in [database.name for database in bh.databases.list()]
    assert bh.databases.get("sales").description == "Orders of all shops"
    assert bh.databases.mysql_sync_status("mirror").to_dict()

    bh.tables.create("sales", _ORDERS)
    bh.queries.execute(
        "INSERT INTO sales.orders VALUES (1, '2026-01-01', 'a'), (2, '2026-01-02', NULL),"
        " (3, '2026-02-01', 'c')"
    )
    assert [table.name for table in bh.tables.list("sales")] == ["orders"]
    wanted = TableSpec(
        "orders",
        [*_ORDERS.columns, Column("shop", "String")],
        order_by="id",
        partition_by=PartitionKey("day", "month"),
        cluster_key=ClusterKey("id", 2),
    )
    plan = bh.tables.plan("sales", wanted)
    assert [action.name for action in plan.actions] == ["column shop"]
    plan.apply()
    bh.tables.update("sales", "orders", drop="shop")
    columns = bh.tables.get("sales", "orders").columns or []
    assert [column.name for column in columns] == ["id", "day", "note"]
    assert bh.tables.cluster_status("sales", "orders").to_dict()
    partitions_and_views(bh)
    bh.tables.delete("sales", "orders")
    bh.databases.delete("sales")
    with pytest.raises(NotFound):
        bh.databases.get("sales")


def partitions_and_views(bh: ByteHouse) -> None:
    """Drop a partition, and look at what statements have made of a table."""
    bounds = bh.partitions.bounds("sales", "orders")
    assert bounds.min
    assert bounds.min != bounds.max
    assert len(bh.partitions.list("sales", "orders").all()) == 2
    bh.partitions.delete("sales", "orders", bounds.min)
    bh.queries.execute(
        "CREATE MATERIALIZED VIEW sales.ids ENGINE = CnchMergeTree ORDER BY id"
        " AS SELECT id FROM sales.orders;"
        "CREATE DICTIONARY sales.notes (id UInt64, note String) PRIMARY KEY id"
        " SOURCE(CLICKHOUSE(DB 'sales' TABLE 'orders')) LAYOUT(FLAT()) LIFETIME(0)",
        mode="clickhouse_sql",
    )
    assert {"ids", "orders"} <= {view.name for view in bh.views.list("sales")}
    assert [view.name for view in bh.views.materialized("sales")] == ["ids"]
    assert bh.views.get_materialized("sales", "ids").name == "ids"
    bh.dictionaries.delete("sales", "notes")


def queries(bh: ByteHouse) -> None:
    """Run statements at once, in a session and in the background, and stop them."""
    [result] = bh.queries.execute("SELECT 1 AS one", query_id="query-now")
    assert [int(row[0]) for row in result.rows or []] == [1]
    assert bh.statistics.query("query-now").to_dict()

    with bh.session("session-1") as session:
        session.execute("SELECT 2", query_id="query-session")
        session.abort()

    handle = bh.queries.submit("SELECT number FROM numbers(3)", query_id="query-later")
    assert len(handle.result(30).rows()) == 3
    assert bh.queries.handle("query-later").status().status

    endless = bh.queries.submit(_ENDLESS, query_id="query-endless")
    endless.cancel()
    with pytest.raises(QueryFailed):
        endless.wait(30)
    bh.queries.submit(_ENDLESS, query_id="query-killed")
    bh.queries.kill("query-killed")

    read_rows(bh)
    lineage = bh.queries.lineage("SELECT database FROM system.tables")
    assert lineage.to_dict()
    assert bh.queries.dialects().all()


def read_rows(bh: ByteHouse) -> None:
    """Read typed rows: at once, in a session, and of a query in the background."""
    sql = "SELECT number, toDecimal64(number, 2) AS price FROM numbers({count})"
    with bh.query(sql, params={"count": 2}, query_id="query-rows") as result:
        assert [column.name for column in result.columns] == ["number", "price"]
        assert result.rows() == [(0, Decimal("0.00")), (1, Decimal("1.00"))]
    with bh.session("session-2") as session:
        session.query("USE system", query_id="query-use")
        assert session.query("SELECT currentDatabase()", query_id="query-in").scalar() == "system"
    later = bh.query("SELECT 1; SELECT 2", asynchronous=True, query_id="query-behind")
    assert [each.scalar() for each in later.results()] == [1, 2]


def loading(bh: ByteHouse) -> None:
    """Load a file and a topic into a table."""
    bh.databases.create("staging")
    bh.tables.create(
        "staging", "orders", {"id": "UInt64", "day": "Date", "note": "String"}, order_by="id"
    )
    target = {"database": "staging", "table": "orders", "loadMode": "APPEND"}
    source = {"type": "LOCAL", "format": "CSV", "properties": {"fileNames": FILE}}
    configuration = {"source": source, "target": target}
    job = bh.import_jobs.create("orders", configuration=configuration, source_schema={})
    assert job.id is not None
    bh.import_jobs.update(job.id, "orders", configuration=configuration, source_schema={})
    bh.import_jobs.rename(job.id, "daily")
    bh.import_jobs.describe(job.id, "Orders of the day")
    assert [found.name for found in bh.import_jobs.list()] == ["daily"]
    assert bh.import_jobs.get(job.id).description == "Orders of the day"
    assert bh.import_jobs.start_arguments(job.id).to_dict() is not None

    run = bh.import_jobs.start(job.id)
    run.wait(30)
    rows = [(6, "2026-03-03", "sixth"), (7, "2026-03-04", None)]
    assert bh.insert("staging.orders", rows, mode="clickhouse_sql") == 2
    [result] = bh.queries.execute("SELECT count() FROM staging.orders", query_id="query-loaded")
    assert [int(row[0]) for row in result.rows or []] == [4]
    assert [found.id for found in bh.import_jobs.executions(job.id)] == [run.id]
    assert run.id in [found.id for found in bh.executions.list()]
    assert bh.executions.get(run.id).job_id == job.id
    bh.executions.logs(run.id, limit=10).all()
    _topic(bh, target)
    bh.import_jobs.delete(job.id)


def _topic(bh: ByteHouse, target: dict[str, str]) -> None:
    kafka = KafkaConnection(brokers=["broker:9092"], username="loader", password=SECRET)
    connection = bh.connections.create("broker", kafka)
    assert connection.id is not None
    assert "broker" in [found.name for found in bh.connections.list()]
    assert SECRET not in str(bh.connections.get(connection.id).to_dict())
    bh.connections.update(connection.id, "broker", kafka)
    source = {"type": "KAFKA", "format": "JSON", "properties": {"topic": "clicks"}}
    job = bh.import_jobs.create(
        "clicks",
        configuration={"source": source, "target": target},
        source_schema={},
        connection_id=connection.id,
    )
    assert job.id is not None
    run = bh.import_jobs.start(job.id)
    windows = bh.executions.kafka_history(run.id, partition=0, period="1h", granularity="30m")
    assert windows
    bh.import_jobs.stop(job.id)
    bh.import_jobs.delete(job.id)
    bh.connections.delete(connection.id)


def warehouses(bh: ByteHouse) -> None:
    """Keep virtual warehouses, and ask what was used."""
    sizes = bh.warehouses.configurations().all()
    assert sizes
    bh.warehouses.create("etl", config_id=sizes[0].id or 0, auto_suspend=10, auto_resume=True)
    bh.warehouses.wait("etl", timeout=30)
    bh.warehouses.suspend("etl", wait=True, wait_timeout=30)
    assert bh.warehouses.get("etl").status == "down"
    bh.warehouses.update("etl", description="nightly")
    assert "etl" in [warehouse.name for warehouse in bh.warehouses.list()]
    bh.warehouses.delete("etl")
    assert bh.usage.storage(_START, _END).responses
    assert bh.usage.warehouse(_START, _END).responses


GROUPS: Final[dict[str, Callable[[ByteHouse], None]]] = {
    scenario.__name__: scenario for scenario in (access, tables, queries, loading, warehouses)
}
