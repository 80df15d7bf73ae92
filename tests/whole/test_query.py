"""A query's parameters and typed rows, from end to end."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bytehouse import ByteHouse, QueryFailed
from bytehouse_emulator import RunningEmulator


def test_rows_have_the_types_of_their_columns(bytehouse_emulator: RunningEmulator) -> None:
    """Numbers, decimals and moments come back exact, whatever JSON made of them."""
    sql = (
        "SELECT toUInt64(18446744073709551615), toDecimal64('1.20', 2), "
        "toDateTime64('2026-11-22 10:00:00.5', 3, 'UTC'), [1, 2], NULL"
    )
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        row = bh.query(sql).one()
    moment = datetime(2026, 11, 22, 10, 0, 0, 500_000, UTC)
    assert row == (2**64 - 1, Decimal("1.20"), moment, [1, 2], None)


def test_a_hostile_string_stays_a_value(bytehouse_emulator: RunningEmulator) -> None:
    """Whatever a parameter holds comes back as it was and changes no statement."""
    texts = ["it's", "\\'; DROP TABLE t --", "{x}", "%(x)s", "\0\n\t\x1f", "é\U0001f600", "/*"]
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        assert [bh.query("SELECT {x}", params={"x": text}).scalar() for text in texts] == texts


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT 1 +", "INSERT OVERWRITE"])
def test_what_cannot_be_parsed_is_a_failed_query(
    bytehouse_emulator: RunningEmulator, sql: str
) -> None:
    """With the engine's number, also where the emulator itself refuses it."""
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        with pytest.raises(QueryFailed) as caught:
            bh.query(sql)
        assert caught.value.code == "62"


def test_a_large_result_is_read_whole(bytehouse_emulator: RunningEmulator) -> None:
    """Rows that come in many pieces are all there, in order."""
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        numbers = [n for n, _ in bh.query("SELECT number, toString(number) FROM numbers(200000)")]
    assert numbers == list(range(200_000))
