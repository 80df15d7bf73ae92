"""A DAG that fills a table through the official ClickHouse provider, and checks what is in it."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("orders", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    create = SQLExecuteQueryOperator(
        task_id="create",
        conn_id="bytehouse",
        sql=[
            "CREATE DATABASE IF NOT EXISTS airflow_shop",
            "CREATE TABLE airflow_shop.orders (id UInt64) ENGINE = CnchMergeTree ORDER BY id",
        ],
    )
    insert = SQLExecuteQueryOperator(
        task_id="insert",
        conn_id="bytehouse",
        sql="INSERT INTO airflow_shop.orders SELECT number FROM numbers(100)",
    )
    check = SQLCheckOperator(
        task_id="check",
        conn_id="bytehouse",
        sql="SELECT count() = 100, sum(id) = 4950 FROM airflow_shop.orders",
    )
    create >> insert >> check
