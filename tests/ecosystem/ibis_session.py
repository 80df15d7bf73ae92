"""Use Ibis: create, insert, aggregate, join with data of this machine, read as Arrow."""

from __future__ import annotations

import os

import ibis
import pandas as pd
import pyarrow as pa


def main() -> None:
    """Do what an analyst does in a session."""
    connection = ibis.clickhouse.connect(
        host="127.0.0.1",
        port=int(os.environ["CLICKHOUSE_PORT"]),
        user="bytehouse",
        password=os.environ["CLICKHOUSE_PASSWORD"],
    )
    shop = "ibis_shop"
    connection.create_database(shop)
    schema = ibis.schema({"id": "!int64", "shop": "string", "amount": "float64", "day": "date"})
    orders = connection.create_table(
        "orders", schema=schema, database=shop, engine="CnchMergeTree", order_by=["id"]
    )
    day = pd.Timestamp("2026-01-01")
    frame = pd.DataFrame(
        {"id": [1, 2, 3], "shop": ["a", "b", "a"], "amount": [1.5, 2.5, 3.0], "day": [day] * 3}
    )
    connection.insert("orders", pa.Table.from_pandas(frame), database=shop)
    totals = orders.group_by("shop").agg(total=orders.amount.sum()).order_by("shop").execute()
    assert totals.values.tolist() == [["a", 4.5], ["b", 2.5]]
    assert connection.list_tables(database=shop) == ["orders"]
    assert orders.filter(orders.amount > 2).count().execute() == 2
    assert orders.order_by("id").to_pyarrow().column("id").to_pylist() == [1, 2, 3]
    names = ibis.memtable({"shop": ["a", "b"], "name": ["Anna", "Bob"]})
    joined = orders.join(names, "shop").select("id", "name").order_by("id").execute()
    assert joined.name.tolist() == ["Anna", "Bob", "Anna"]
    view = connection.create_view("latest", orders.filter(orders.shop == "a"), database=shop)
    assert view.count().execute() == 2
    connection.drop_view("latest", database=shop)
    connection.drop_table("orders", database=shop)
    connection.drop_database(shop)


if __name__ == "__main__":
    main()
