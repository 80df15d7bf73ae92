"""A seed with objects of all kinds, and calls that show them."""

from __future__ import annotations

from tests.emulator.api import Api

SEED = """
roles: [{name: Reader, description: reads}]
users: [{id: 7, roles: [Reader], api_key: "seven:key"}]
databases:
  - name: Shop
    description: all of it
    tables:
      - name: orders
        columns:
          - {name: id, type: UInt64}
          - {name: day, type: Date}
          - {name: note, type: String, nullable: true}
        orderByKeys: [id]
        uniqueKey: {columns: [id]}
        rows:
          - [1, 2026-11-01, first]
          - [2, 2026-11-02, null]
  - name: mirror
    mysql: {}
statements:
  - query: |
      CREATE VIEW shop.latest AS SELECT max(day) AS day FROM shop.orders;
      CREATE MATERIALIZED VIEW shop.ids ENGINE = CnchMergeTree ORDER BY id
      AS SELECT id FROM shop.orders;
      CREATE TABLE mirror.scratch (k Int64) ENGINE = Memory; INSERT INTO mirror.scratch VALUES (5)
warehouses: [{name: etl, configID: 123452, status: down}]
grants:
  - RoleName: Reader
    ActionName: SELECT
    SecureObjectTypeName: DATABASE
    ByteHouseResourceID: shop
connections: [{name: broker, type: KAFKA, data: {brokers: "h:1"}}]
jobs:
  - name: stream
    connection: broker
    configuration:
      source: {type: KAFKA, format: JSON, properties: {topic: t}}
      target: {database: shop, table: orders}
kafka: [{topic: t, rows: [{id: 3, day: 2026-11-03, note: third}]}]
"""
SEEN: list[tuple[str, dict[str, str]]] = [
    ("list_databases", {}),
    ("get_database", {"db_name": "shop"}),
    ("list_tables_and_views", {"db_name": "shop"}),
    ("get_table", {"db_name": "shop", "table_name": "orders"}),
    ("list_warehouses", {}),
    ("list_roles", {}),
    ("list_assignments", {}),
    ("list_connections", {}),
    ("list_import_jobs", {}),
    ("list_executions", {}),
]


def everything(api: Api) -> list[object]:
    """Ask for all that a snapshot is to hold."""
    rows = api.rows("SELECT * FROM shop.orders ORDER BY id")
    others = [api.rows(f"SELECT * FROM {name}") for name in ("shop.latest", "mirror.scratch")]
    return [rows, *others, *[api.ok(name, **path) for name, path in SEEN]]
