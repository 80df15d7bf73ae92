"""Run a DAG of the official ClickHouse provider by `airflow dags test`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path


def main() -> None:
    """Make a database of Airflow's own for this run, and run the DAG."""
    connection = {
        "conn_type": "clickhouse",
        "host": "127.0.0.1",
        "port": int(os.environ["CLICKHOUSE_PORT"]),
        "login": "bytehouse",
        "password": os.environ["CLICKHOUSE_PASSWORD"],
        "schema": "default",
    }
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).with_name("airflow")),
            "AIRFLOW_CONN_BYTEHOUSE": json.dumps(connection),
        }
        for command in (["db", "migrate"], ["dags", "test", "orders"]):
            subprocess.run(["airflow", *command], env=environment, check=True)


if __name__ == "__main__":
    main()
