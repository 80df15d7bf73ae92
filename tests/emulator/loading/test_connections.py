"""Connections are stored, and their secrets never returned."""

from __future__ import annotations

import pytest

from tests.emulator.loading.loader import Loader

_DATA = {
    "endpoint": "http://127.0.0.1:9000",
    "accessKeyID": "AKIA1",
    "secretAccessKey": "hush-1",
    "sasl": {"mechanism": "PLAIN", "username": "me", "password": "hush-2", "tokens": ["hush-3"]},
    "uri": "mysql://me:hush-4@db/x",
    "timeout": 5,
}


def test_secrets_are_never_returned(api: Loader) -> None:
    """No response has a secret: not to create, get, list or a failed call."""
    created = api.call("create_connection", {"name": "secrets", "type": "S3", "data": _DATA})
    number = created.json()["data"]["id"]
    again = api.call("create_connection", {"name": "secrets", "type": "S3", "data": _DATA})
    answers = [
        created,
        again,
        api.call("get_connection", id=number),
        api.call("list_connections", params={"limit": 100}),
        api.call("update_connection", {"name": "secrets", "data": _DATA}, id=number),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 200]
    assert not [answer.text for answer in answers if "hush" in answer.text]
    found = answers[2].json()["data"]["data"]
    assert found["secretAccessKey"] == found["sasl"]["password"] == "******"
    assert (found["accessKeyID"], found["sasl"]["username"], found["timeout"]) == ("AKIA1", "me", 5)


def test_a_mask_without_a_secret_behind_it_is_refused(api: Loader) -> None:
    """Nobody ends up with a password of six asterisks."""
    number = api.connection("S3", {"host": "a"})
    body = {"name": "m", "data": {"password": "******"}}
    assert api.fails("update_connection", body, id=number) == (400, "Connection_Invalid")


def test_a_connection_in_use_cannot_be_deleted(api: Loader) -> None:
    """It can be deleted once no job refers to it."""
    number = api.connection("KAFKA", {})
    job = api.job({"type": "KAFKA"}, connectionID=number)
    assert api.fails("delete_connection", id=number) == (422, "Connection_IllegalState")
    api.ok("delete_import_job", id=job)
    api.ok("delete_connection", id=number)
    assert api.fails("get_connection", id=number) == (404, "Connection_NotFound")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x" * 129, "type": "S3", "data": {}},
        {"name": " ", "type": "S3", "data": {}},
        {"name": "a", "type": "FTP", "data": {}},
        {"name": "a", "type": "S3"},
    ],
)
def test_a_wrong_connection_is_refused(api: Loader, body: dict[str, object]) -> None:
    """Name, kind and data must be as documented."""
    assert api.call("create_connection", body).status_code == 400


@pytest.mark.parametrize("data", ['{"a":' * 900 + "1" + "}" * 900, '{"a": 1' + "0" * 400 + "}"])
def test_data_that_cannot_be_stored_is_refused(api: Loader, data: str) -> None:
    """Neither the call nor any later list breaks over it."""
    body = '{"name": "deep", "type": "S3", "data": ' + data + "}"
    headers = {"Content-Type": "application/json"}
    response = api.call("create_connection", content=body, headers=headers)
    assert response.status_code == 400
    api.ok("list_connections")


def test_ids_exceed_what_a_float_can_tell_apart(api: Loader) -> None:
    """A client that reads ids as floats finds another connection, or none."""
    first, second = api.connection("S3", {}), api.connection("S3", {})
    assert first > 2**53
    assert first != second
    assert float(first) == float(second)
