"""Fixtures for dbt-clickhouse's own tests, in place of its own, which create users by SQL.

`run.py` copies this file into a copy of its tests.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest


@pytest.fixture(scope="session")
def ch_test_version() -> str:
    """Return the version by which tests of newer features are left out."""
    return "latest"


@pytest.fixture(scope="class")
def dbt_profile_target() -> dict[str, Any]:
    """Return the profile of the emulator's ClickHouse interface."""
    return {
        "type": "clickhouse",
        "threads": 4,
        "driver": "http",
        "host": "127.0.0.1",
        "port": int(os.environ["CLICKHOUSE_PORT"]),
        "user": "bytehouse",
        "password": os.environ["CLICKHOUSE_PASSWORD"],
        "check_exchange": False,
        "use_lw_deletes": True,
        "custom_settings": {"input_format_skip_unknown_fields": 1},
    }


@pytest.fixture(scope="class")
def unique_schema(request: pytest.FixtureRequest) -> str:
    """Return the database of a class of tests."""
    name = request.module.__name__.rpartition(".")[2]
    return f"{name}_{time.time_ns() // 1_000_000}"
