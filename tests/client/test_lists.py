"""Lists and objects as they are held and looked at: length, index, frames, notebooks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, Change, EnsureResult, TableSpec
from bytehouse_raw import models
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer

ROLES = [{"id": number, "name": f"r<{number}>"} for number in range(30)]
LISTS: dict[str, Callable[[ByteHouse], Any]] = {
    "api_keys.list": lambda bh: bh.api_keys.list(),
    "assignments.list": lambda bh: bh.assignments.list(),
    "connections.list": lambda bh: bh.connections.list(),
    "databases.list": lambda bh: bh.databases.list(),
    "executions.list": lambda bh: bh.executions.list(),
    "executions.logs": lambda bh: bh.executions.logs("e"),
    "import_jobs.executions": lambda bh: bh.import_jobs.executions(1),
    "import_jobs.list": lambda bh: bh.import_jobs.list(),
    "partitions.list": lambda bh: bh.partitions.list("d", "t"),
    "permissions.list": lambda bh: bh.permissions.list("Analyst", on="*"),
    "queries.dialects": lambda bh: bh.queries.dialects(),
    "roles.list": lambda bh: bh.roles.list(),
    "tables.list": lambda bh: bh.tables.list("d"),
    "views.list": lambda bh: bh.views.list("d"),
    "views.materialized": lambda bh: bh.views.materialized("d"),
    "warehouses.configurations": lambda bh: bh.warehouses.configurations(),
    "warehouses.list": lambda bh: bh.warehouses.list(),
}


def listed(server: ScriptedServer, **meta: Any) -> None:
    """Let the server return 30 entries for whatever it is asked."""
    server.handler = lambda _: Reply(body={"data": ROLES, "meta": meta})


def test_an_asynchronous_list_refuses_a_for_loop_without_async() -> None:
    """It has an index, by which Python would iterate over coroutines without an end."""
    entries: Any = AsyncByteHouse("localhost", "k").databases.list()
    for misuse in (lambda: list(entries), lambda: "sales" in entries):
        with pytest.raises(TypeError, match="not iterable"):
            misuse()


def test_every_list_is_tested() -> None:
    """Whatever returns one is among those that the next test tries."""
    bh = ByteHouse("localhost", "k")
    found = {
        f"{resource}.{name}"
        for resource, member in inspect.getmembers_static(type(bh))
        if isinstance(member, property)
        for name, method in inspect.getmembers(getattr(bh, resource), inspect.ismethod)
        if name[0] != "_" and "Pager[" in str(method.__annotations__.get("return"))
    }
    assert found == set(LISTS)


@cases("name", sorted(LISTS))
def test_every_list_is_the_same(bh: ByteHouse, server: ScriptedServer, name: str) -> None:
    """It is requested when it is read, and has a length, places, pages, a repr and tables."""
    listed(server, total=30)
    entries = LISTS[name](bh)
    assert not server.seen
    assert "not requested" in repr(entries)
    with pytest.raises(TypeError, match="not known yet"):
        len(entries)
    assert len(entries.all()) == len(list(entries)) == len(entries) == 30
    assert entries.first() == entries[0] == entries[:3][0] == entries.all()[0]
    assert entries[-1] == entries.all()[29]
    assert entries[28:] == entries.all()[28:]
    assert entries[::-1] == entries.all()[::-1]
    assert [len(page.items) for page in entries.pages()] == [30]
    with pytest.raises(IndexError):
        entries[30]
    sent = len(server.seen)
    assert "20 of 30 entries" in repr(entries)
    assert repr(entries).count("\n") == 20
    assert entries._repr_html_().count("<tr>") == 21
    assert "r&lt;0&gt;" in entries._repr_html_()
    assert len(server.seen) == sent
    table = entries.to_arrow()
    assert table["name"].to_pylist() == [role["name"] for role in ROLES]
    assert list(entries.to_pandas()["id"]) == list(range(30))


def test_only_what_a_place_needs_is_requested(bh: ByteHouse, server: ScriptedServer) -> None:
    """An index or a slice from the front asks for so many entries; a limit holds."""
    listed(server, total=30)
    databases = bh.databases.list(limit=5)
    assert len(databases[:2]) == 2
    assert "limit=2" in server.lines[-1]
    assert len(databases[1:]) == 4
    assert len(databases) == 5
    assert len(databases[:9]) == 5


def test_frames_take_values_of_every_kind(bh: ByteHouse, server: ScriptedServer) -> None:
    """Timestamps stay timestamps, objects are structs, and what differs too much is JSON."""
    entries: list[dict[str, Any]] = [
        {"name": "a", "createdAt": "2026-01-02T03:04:05.000006Z", "createdBy": {"id": 1}, "x": 1},
        {"name": "b", "createdAt": None, "createdBy": {"id": 2, "type": "t"}, "x": {"y": [1]}},
    ]
    server.script(Reply(body={"data": entries}))
    [first, second] = bh.databases.list(limit=2).to_arrow().to_pylist()
    assert first["created_at"] == datetime.fromisoformat(entries[0]["createdAt"])
    assert second["created_at"] is None
    assert second["created_by"] == {"id": 2, "type": "t"}
    assert (first["x"], second["x"]) == ("1", '{"y":[1]}')


def test_notebooks_show_objects_escaped_and_without_secrets(bh: ByteHouse) -> None:
    """Models, sessions, handles and what `ensure` found: no request, no secret, no markup."""
    key = models.CreatedApiKey("k", api_key="s3cret")
    assert "s3cret" not in key._repr_html_()
    assert "***" in key._repr_html_()
    database = models.Database("<b>", description="two\nlines")
    assert "<td>name</td><td>&lt;b&gt;</td>" in database._repr_html_()
    assert "two<br>lines" in database._repr_html_()
    shown: list[tuple[Any, str]] = [
        (bh.config, "<td>api_key</td><td>***</td>"),
        (bh.session("<s>"), "<td>&lt;s&gt;</td>"),
        (bh.queries.handle("q<1>"), "q&lt;1&gt;"),
        (bh.executions.handle("e-1", job_id=7), "<td>job_id</td><td>7</td>"),
        (EnsureResult(database, created=True), "<td>created</td><td>True</td>"),
        (Change("ttl", None, "d + 7 DAY", "add"), "d + 7 DAY"),
        (TableSpec("t", {"a": "Int8"}, order_by="a"), "<td>order_by</td>"),
    ]
    for value, words in shown:
        assert words in value._repr_html_(), value
