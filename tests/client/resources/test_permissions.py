"""Permissions on what is named as people name it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bytehouse import Action, ByteHouse, Identifier, InvalidArgument, NotFound, ObjectKind
from bytehouse_emulator.iam.permissions import ACTIONS
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer, data


@cases(
    ("on", "found", "sent"),
    [
        ("sales.orders", {"uuid": "u-1", "type": "TABLE"}, ("get_table", "u-1", "TABLE")),
        ("sales.v", {"uuid": "u-2", "type": "view"}, ("get_table", "u-2", "VIEW")),
        (Identifier("sales", "a.b"), {"type": "?"}, ("get_table", "sales.a.b", "TABLE")),
        ("sales", {"uuid": "u-3"}, ("get_database", "u-3", "DATABASE")),
        ("*", None, (None, "*", "ACCOUNT")),
    ],
)
def test_an_object_is_named_and_its_id_and_kind_are_looked_up(
    bh: ByteHouse, server: ScriptedServer, on: Any, found: Any, sent: tuple[str | None, str, str]
) -> None:
    """For a grant, a revocation and a list alike."""
    looked_up, resource_id, kind = sent
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: bh.permissions.grant("r", Action.SELECT, on=on), "grant_permission"),
        (lambda: bh.permissions.revoke("r", "SELECT", on=on), "revoke_permission"),
        (lambda: list(bh.permissions.list("r", on=on)), "list_permissions"),
    ]
    for call, operation in calls:
        server.script(*([data(found)] if looked_up else []), data({"permissions": []}))
        call()
        assert server.operations == [*([looked_up] if looked_up else []), operation]
        last = server.seen[-1]
        given = last.json if last.body else dict(parse_qsl(urlsplit(last.target).query))
        assert given["ByteHouseResourceID"] == resource_id
        assert given["SecureObjectTypeName"] == kind
        assert given.get("ActionName", "SELECT") == "SELECT"


def test_what_does_not_exist_is_not_granted(bh: ByteHouse, server: ScriptedServer) -> None:
    """The error is that of the look-up; a name of three parts is refused at once."""
    server.script(Reply(404, {"error": {"code": "errbook_Table_NotFound", "message": "no"}}))
    with pytest.raises(NotFound):
        bh.permissions.grant("r", "SELECT", on="sales.none")
    assert server.operations == ["get_table"]
    server.script(data({}))
    for on in ("a.b.c", "", 3):
        with pytest.raises(InvalidArgument):
            bh.permissions.grant("r", "SELECT", on=on)  # type: ignore[arg-type]
    assert server.seen == []


def test_kinds_and_actions_are_those_of_the_emulator() -> None:
    """Both follow the vendor's console; neither lacks one that the other has."""
    assert set(ObjectKind) == set(ACTIONS)
    assert set(Action) == set().union(*ACTIONS.values())
