"""The hazards of an engine inside the process do not affect the emulator."""

from __future__ import annotations

import pytest

from tests.emulator.api import Api

FAILS_HALF_WAY = "SELECT throwIf(number = 150000) FROM numbers(200000)"


def test_the_output_of_a_failed_query_is_discarded(api: Api) -> None:
    """After a query that failed with output behind it, the next results are right."""
    for session in ("same", "other", "same"):
        assert api.refused(FAILS_HALF_WAY, session=session)[0] == 400
        assert api.rows("SELECT 1", session="same") == [[1]]
    assert api.rows("SELECT 2") == [[2]]


@pytest.mark.parametrize(
    "query",
    [
        "SYSTEM SHUTDOWN",
        "SYSTEM KILL",
        "SELECT 1; SYSTEM SHUTDOWN",
        "DROP DATABASE default",
        "DROP DATABASE system",
        "CREATE TABLE system.t (k Int8) ENGINE = Memory",
        "CREATE TABLE {0}.t (k String) ENGINE = Kafka('h:1', 't', 'g', 'CSV')",
        "CREATE TABLE {0}.t (k String) ENGINE = URL('http://127.0.0.1/', CSV)",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM url('http://127.0.0.1/', CSV, 'a String')",
        "SELECT * FROM s3('http://127.0.0.1:9/bucket/key', CSV, 'a String')",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SELECT * FROM executable('id', TSV, 'a String')",
        "SELECT * FROM sqlite('/etc/passwd', 't')",
        "SELECT * FROM icebergLocal('/etc')",
        "INSERT INTO FUNCTION file('/tmp/bytehouse-emulator-test') SELECT 1",
        "BACKUP DATABASE {0} TO Disk('default', 'x')",
        "CREATE USER someone",
        "SELECT '" + "x" * 5_000_000 + "'",
        "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
        "SELECT groupArray(number) FROM numbers(10000000000)",
        "SET input_format_record_errors_file_path = '/tmp/bytehouse-emulator-test'",
        "SELECT 1 SETTINGS format_schema = '/etc/passwd'",
        "SELECT 1 SETTINGS url_base = 'http://127.0.0.1/'",
        "SELECT 1 SETTINGS max_memory_usage = 99999999999999",
        "SELECT 1 SETTINGS max_execution_time = 99999999",
    ],
    ids=lambda query: query[:40],
)
def test_a_harmful_statement_is_refused_and_the_next_query_is_right(
    api: Api, database: str, query: str
) -> None:
    """The process lives, the machine's files and network stay out of reach, memory is bounded."""
    status, code = api.refused(query.format(database))
    assert status in {400, 403, 501}
    assert code
    assert api.rows("SELECT sum(number) FROM numbers(11)") == [["55"]]
