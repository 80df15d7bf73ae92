"""The compliance suite for DB-API drivers that is published on PyPI, against the emulator."""

from __future__ import annotations

from typing import Any, ClassVar

import dbapi20
import pytest

from bytehouse import dbapi
from bytehouse_emulator.testing import RunningEmulator

ENGINE = "engine = CnchMergeTree order by name"


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]  # it has no types
    """Hold every test of the suite; those that ask for what is not there say why."""

    driver = dbapi
    connect_kw_args: ClassVar[dict[str, Any]] = {}
    # Every table needs an engine, and an order that is never NULL.
    ddl1, ddl2 = (
        f"{ddl} {ENGINE}".replace("20)", "20) not null")
        for ddl in (dbapi20.DatabaseAPI20Test.ddl1, dbapi20.DatabaseAPI20Test.ddl2)
    )
    lower_func = None  # there are no stored procedures

    @pytest.fixture(autouse=True)
    def connected(self, emulator: RunningEmulator) -> None:
        """Tell the suite where to connect."""
        type(self).connect_kw_args = {**emulator.client_arguments, "database": "d"}

    def _connect(self) -> dbapi.Connection:
        connection: dbapi.Connection = super()._connect()
        self.addCleanup(connection.close)  # the suite forgets some
        return connection

    def test_non_idempotent_close(self) -> None:
        """Closing twice does nothing, as with files and sockets; PEP 249 says nothing about it."""
        connection = self._connect()
        connection.close()
        connection.close()

    def test_nextset(self) -> None:
        """The suite has no test of its own: a text of two statements has two results."""
        connection = self._connect()
        cursor = connection.cursor()
        cursor.execute("SELECT 1; SELECT number FROM numbers(2)")
        assert cursor.fetchall() == [(1,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [(0,), (1,)]
        assert cursor.nextset() is None
        connection.close()

    def test_setoutputsize(self) -> None:
        """The suite has no test of its own: sizes change nothing."""
        connection = self._connect()
        cursor = connection.cursor()
        cursor.setoutputsize(1)
        cursor.setoutputsize(1, 0)
        cursor.execute("SELECT 'a longer text'")
        assert cursor.fetchone() == ("a longer text",)
        connection.close()
