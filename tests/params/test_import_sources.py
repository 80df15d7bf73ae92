"""Secrets of connections: sent as they are, and shown nowhere."""

import io
import json
import logging
import traceback
from typing import Any

import pytest

from bytehouse import (
    APIError,
    ByteHouse,
    ByteHouseError,
    HiveConnection,
    KafkaConnection,
    ResponseDecodeError,
    S3Connection,
)
from bytehouse._params import import_sources as connections
from bytehouse._params.import_sources import ConnectionDetails, source_type
from bytehouse_raw.models import ImportSourceType
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer, data

SECRET = 'Tr0ub4dor"\\é&3-long'
KINDS = [
    kind
    for kind in vars(connections).values()
    if isinstance(kind, type) and issubclass(kind, ConnectionDetails) and hasattr(kind, "type")
]
HOLDERS: dict[str, Any] = {
    "typed": S3Connection(access_key_id="AK", secret_access_key=SECRET),
    "extra": KafkaConnection(brokers=["a:9092", "b:9092"], extra={"saslPassword": SECRET}),
    "mapping": {"auth": {"user": "u", "keys": [SECRET]}, "password": SECRET},
}


def test_each_kind_of_source_has_one_class() -> None:
    """The twelve kinds that the docs list are covered, each once."""
    assert sorted(kind.type for kind in KINDS) == sorted(ImportSourceType)
    assert [source_type(kind(), None) for kind in KINDS] == [kind.type for kind in KINDS]


def test_fields_have_camel_case_names_and_are_sent_only_if_given() -> None:
    """Names on the wire follow the API's own spelling, and what is left out is not sent."""
    kafka = KafkaConnection(brokers=["a:9092", "b:9092"], vpc_id="vpc-1", ssl=False)
    assert kafka.to_dict() == {"brokers": "a:9092,b:9092", "vpcID": "vpc-1", "ssl": False}
    hive = HiveConnection(metastore="thrift://m", extra={"kerberos": {"realm": "R"}})
    assert hive.to_dict() == {"metastore": "thrift://m", "kerberos": {"realm": "R"}}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_a_secret_reaches_the_service_unchanged(
    bh: ByteHouse, server: ScriptedServer, holder: Any
) -> None:
    """The body has the plain string, wherever in the data it is."""
    server.script(data({"id": 1}))
    bh.connections.create("c", holder, type="S3" if isinstance(holder, dict) else None)
    sent = json.dumps(server.seen[0].json["data"], ensure_ascii=False)
    assert json.dumps(SECRET, ensure_ascii=False) in sent
    assert "***" not in sent


def test_a_mapping_is_passed_on_as_it_is(bh: ByteHouse, server: ScriptedServer) -> None:
    """No key is renamed, dropped or added, and the caller's mapping is left alone."""
    mapping = {"accessKeyID": "AK", "n": 2**60, "deep": {"token": ["t", None, 1.5]}, "x": {}}
    before = json.dumps(mapping)
    server.script(Reply(body={}))
    bh.connections.update(1, "c", mapping)
    assert server.seen[0].json["data"] == json.loads(before)
    assert json.dumps(mapping) == before


@pytest.mark.parametrize("kind", KINDS)
def test_no_class_shows_its_secrets(kind: type[ConnectionDetails]) -> None:
    """Neither repr nor str of a connection holds a password or a key."""
    fields = {"password", "secret_access_key", "session_token"} & {
        field.name for field in kind.__attrs_attrs__
    }
    made = kind(extra={"apiToken": SECRET}, **dict.fromkeys(fields, SECRET))
    for shown in (repr(made), str(made), f"{made}", repr(made.to_dict())):
        assert SECRET not in shown
        assert repr(SECRET)[1:-1] not in shown


ECHOES = {
    "400 in the service's form": Reply(
        400, {"error": {"code": "errbook_Import_Bad", "message": f"cannot log in with {SECRET}"}}
    ),
    "400 in ASCII": Reply(400, json.dumps({"message": SECRET})),
    "400 in text": Reply(400, f"refused: {SECRET}"),
    "success that is none": Reply(200, {"error": {"code": "17", "message": f"no: {SECRET}"}}),
    "success that is not JSON": Reply(200, f"<p>{SECRET}</p>"),
    "cut where it would be cut off": Reply(500, "x" * 490 + SECRET),
}


@cases("echo", ECHOES.values())
@cases("holder", HOLDERS.values())
def test_no_error_and_no_log_holds_a_secret_that_the_service_repeats(
    bh: ByteHouse,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    holder: Any,
    echo: Reply,
) -> None:
    """In whatever form it is repeated, it is masked in every part of the error."""
    caplog.set_level(logging.DEBUG)
    server.script(echo)
    with pytest.raises(ByteHouseError) as raised:
        bh.connections.update(1, "c", holder)
    error = raised.value
    assert isinstance(error, APIError | ResponseDecodeError)
    text = io.StringIO()
    traceback.print_exception(error, file=text)
    raw = error.raw_response
    whole = f"{error} {error!r} {vars(error)} {text.getvalue()} {caplog.text} {raw and raw.body!r}"
    assert "***" in whole
    for part in ("Tr0ub4dor", "3-long"):
        assert part not in whole


def test_a_short_password_leaves_the_response_legible(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A password that equals a name or value in the response does not change the result."""
    server.script(data({"id": 1, "name": "data"}))
    for password in ("data", "id", "1", ""):
        made = bh.connections.create("c", KafkaConnection(password=password))
        assert made.name == "data"
