"""Import jobs: their schema file, and starting them."""

import base64
from pathlib import Path
from typing import Any

import pytest

from bytehouse import ByteHouse, OutcomeUnknown, ResponseDecodeError
from tests.support.server import CLOSED, Reply, ScriptedServer, data

PROTO = 'syntax = "proto3";\nmessage Row { string name = 1; } // é\n'


@pytest.mark.parametrize("form", ["text", "bytes", "path"])
def test_a_schema_file_is_sent_in_base64_whatever_form_it_comes_in(
    bh: ByteHouse, server: ScriptedServer, tmp_path: Path, form: str
) -> None:
    """String, bytes and path give the same body."""
    path = tmp_path / "row.proto"
    path.write_text(PROTO, encoding="utf-8")
    schema: Any = {"text": PROTO, "bytes": PROTO.encode(), "path": path}[form]
    server.script(data({"id": 1}))
    bh.import_jobs.create("j", configuration={}, schema_file=schema)
    assert base64.b64decode(server.seen[0].json["schemaFile"]).decode() == PROTO


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ({"id": "e-1"}, "e-1"),
        ({"executionID": "e-2", "status": "RUNNING"}, "e-2"),
        ({"executionId": 12}, "12"),
        ("e-3", "e-3"),
    ],
)
def test_the_execution_is_found_under_any_likely_name(
    bh: ByteHouse, server: ScriptedServer, response: Any, found: str
) -> None:
    """The docs name no field of the response, so several are recognized."""
    server.script(data(response))
    assert bh.import_jobs.start(1).id == found
    assert server.seen[0].json == {}


@pytest.mark.parametrize("response", [data({"accepted": True}), data([]), Reply(body={})], ids=str)
def test_a_start_without_an_id_in_the_response_says_that_the_job_runs(
    bh: ByteHouse, server: ScriptedServer, response: Reply
) -> None:
    """So that it is not started a second time."""
    server.script(response)
    with pytest.raises(ResponseDecodeError, match="was started") as raised:
        bh.import_jobs.start(1)
    assert "executions(id)" in raised.value.hint
    assert raised.value.raw_response is not None


def test_a_job_is_started_once(bh: ByteHouse, server: ScriptedServer) -> None:
    """A start whose response was lost is not retried."""
    server.script(CLOSED, data({"id": "e"}))
    with pytest.raises(OutcomeUnknown):
        bh.import_jobs.start(1)
    assert server.operations.count("start_import_job") == 1


def test_330_executions_are_listed_once_with_every_page_size(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A cursor is followed to its end, however large a page may be."""
    whole = [{"id": f"e-{number}"} for number in range(330)]

    def page(seen: Any) -> Reply:
        query = dict(pair.split("=") for pair in seen.target.partition("?")[2].split("&"))
        begins = int(query.get("cursor", 0))
        ends = begins + int(query["limit"])
        meta = {"nextCursor": str(ends)} if ends < len(whole) else {}
        return data(whole[begins:ends], meta=meta)

    server.handler = page
    for size in [*range(1, 121, 7), 120]:
        found = [each.id for each in bh.import_jobs.executions(3, page_size=size).all()]
        assert found == [each["id"] for each in whole]
