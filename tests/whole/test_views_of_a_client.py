"""Views of a client, and many clients, cost next to nothing."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest

from bytehouse import ByteHouse
from bytehouse._transport.http import tls_context
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.flavours import MakeClient
from tests.support.server import ScriptedServer

HTTPS = "https://tenant.example"


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """Return the TLS contexts that are made from now on."""
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def counting(*args: object, **options: object) -> ssl.SSLContext:
        made.append(create(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counting)
    tls_context.cache_clear()
    return made


def test_a_thousand_clients_share_one_tls_context(
    make: MakeClient, contexts: list[ssl.SSLContext]
) -> None:
    """What takes 20 ms to make is made once for all clients with the same certificates, and not
    before one needs it, as those with a proxy do from the start."""
    clients = [make(HTTPS, role=f"r{number}") for number in range(500)]
    assert contexts == []
    proxy = "http://proxy.example:3128"
    clients += [make(HTTPS, role=f"r{number}", proxy=proxy) for number in range(500)]
    assert len(clients) == 1000
    assert len(contexts) == 1


def test_a_view_makes_nothing_of_its_own(
    make: MakeClient, contexts: list[ssl.SSLContext], server: ScriptedServer
) -> None:
    """Views make no TLS context and open no connection; all of them use the one of the client."""
    bh = make(server.url)
    views: list[ByteHouse] = [
        bh.with_options(
            role=f"r{number}",
            timeout=5,
            deadline=timedelta(minutes=1),
            warehouse=f"w{number}",
            headers={"X-Trace": str(number)},
        )
        for number in range(1000)
    ]
    assert (len(contexts), server.connections) == (0, 0)
    bh.databases.get("sales")
    for view in views[:50]:
        view.databases.get("sales")
    assert (len(contexts), server.connections) == (1, 1)
    told = [seen.header(ROLE_HEADER) for seen in server.seen]
    assert told == [None, *(f"r{number}" for number in range(50))]


def test_a_default_can_be_removed(make: MakeClient, server: ScriptedServer) -> None:
    """None takes a role away again, for one call or for a view."""
    bh = make(server.url, role="Analyst")
    bh.databases.get("sales", role=None)
    bh.with_options(role=None).databases.get("sales")
    bh.databases.get("sales")
    assert [seen.header(ROLE_HEADER) for seen in server.seen] == [None, None, "Analyst"]
