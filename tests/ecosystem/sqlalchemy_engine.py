"""Use SQLAlchemy's engine with clickhouse-connect's dialect, by which Superset connects."""

from __future__ import annotations

import os

import sqlalchemy as sa
from clickhouse_connect.cc_sqlalchemy.ddl.tableengine import MergeTree


def main() -> None:
    """Create a database and a table, insert rows, read them, and reflect the table."""
    url = sa.URL.create(
        "clickhousedb",
        "bytehouse",
        os.environ["CLICKHOUSE_PASSWORD"],
        "127.0.0.1",
        int(os.environ["CLICKHOUSE_PORT"]),
    )
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE DATABASE alchemy_shop"))
        table = sa.Table(
            "orders",
            sa.MetaData(schema="alchemy_shop"),
            sa.Column("id", sa.Integer),
            sa.Column("shop", sa.String),
            MergeTree(order_by="id"),
        )
        table.create(connection)
        rows = [{"id": number, "shop": "ab"[number % 2]} for number in range(10)]
        connection.execute(table.insert(), rows)
        found = connection.execute(
            sa.select(table.c.shop, sa.func.count()).group_by(table.c.shop).order_by(table.c.shop)
        )
        assert [tuple(row) for row in found] == [("a", 5), ("b", 5)]
    inspector = sa.inspect(engine)
    assert "alchemy_shop" in inspector.get_schema_names()
    assert inspector.get_table_names("alchemy_shop") == ["orders"]
    columns = inspector.get_columns("orders", "alchemy_shop")
    assert [column["name"] for column in columns] == ["id", "shop"]
    with engine.begin() as connection:
        table.drop(connection)
        connection.execute(sa.text("DROP DATABASE alchemy_shop"))


if __name__ == "__main__":
    main()
