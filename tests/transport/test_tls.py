"""Whom a client talks to over TLS, directly and through a proxy, under each HTTP library."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bytehouse import TimedOut, TransportError
from tests.core.test_config import certificate
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer
from tests.support.wire import request_line

__all__ = ["certificate", "every_transport"]


@pytest.fixture
def secured(certificate: Path) -> Iterator[ScriptedServer]:
    """Run a server with a certificate for localhost."""
    with ScriptedServer(certificate=certificate) as server:
        yield server


class Tunnel:
    """Open a tunnel for each CONNECT, as a proxy does, and remember how it was asked."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.heads: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.heads.append(head)
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        where = ("localhost", int(port)) if host.startswith("[") else (host, int(port))
        with client, socket.create_connection(where, 10) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join(10)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Accept no more."""
        self._socket.close()


def test_a_proxy_passes_on_what_it_cannot_read(
    make: MakeClient, secured: ScriptedServer, certificate: Path
) -> None:
    """It is asked for a tunnel once, with its own password, and the key goes through the tunnel."""
    tunnel = Tunnel()
    host = f"localhost:{secured.port}"
    bh = make(host, ca_file=certificate, proxy=f"http://me:p%40ss@{tunnel.address}")
    for _ in range(2):
        bh.databases.get("d")
    [head] = tunnel.heads
    assert head.startswith(f"CONNECT {host} HTTP/1.1\r\n".encode())
    password = base64.b64encode(b"me:p@ss").decode()
    assert f"proxy-authorization: basic {password}".lower() in head.decode().lower()
    assert KEY not in head.decode()
    assert secured.lines == [request_line("get_database", db_name="d")] * 2
    assert secured.seen[0].header("Proxy-Authorization") is None
    tunnel.close()


def test_a_proxy_cannot_stand_in_for_the_host(make: MakeClient, secured: ScriptedServer) -> None:
    """The certificate is checked through a tunnel as well."""
    tunnel = Tunnel()
    bh = make(f"localhost:{secured.port}", proxy=f"http://{tunnel.address}", max_retries=0)
    with pytest.raises(TransportError, match=r"no connection.*certificate"):
        bh.databases.get("d")
    assert secured.seen == []
    tunnel.close()


def test_an_ipv6_host_is_reached_through_a_proxy(
    make: MakeClient, secured: ScriptedServer, certificate: Path
) -> None:
    """The proxy is asked for the address in brackets, and the certificate is checked without."""
    tunnel = Tunnel()
    host = f"[2001:db8::7]:{secured.port}"
    bh = make(host, ca_file=certificate, proxy=f"http://{tunnel.address}", max_retries=0)
    with pytest.raises(TransportError, match=r"certificate.*2001:db8::7|2001:db8::7.*certificate"):
        bh.databases.get("d")
    assert tunnel.heads[0].startswith(f"CONNECT {host} HTTP/1.1\r\n".encode())
    tunnel.close()


def test_a_host_without_a_scheme_that_speaks_plain_http_is_told_apart(make: MakeClient) -> None:
    """TLS was assumed; the hint has the address to write."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    client.recv(1 << 16)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                    client.close()

        threading.Thread(target=refuse, daemon=True).start()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(TransportError, match="no connection") as caught:
            make(host, max_retries=0).databases.get("d")
    assert "does not speak TLS" in caught.value.hint
    assert f"http://{host}" in caught.value.hint


def test_a_certificate_for_another_name_is_refused(
    make: MakeClient, secured: ScriptedServer, certificate: Path
) -> None:
    """An authority that is trusted vouches for a name, and for no other."""
    bh = make(f"127.0.0.1:{secured.port}", ca_file=certificate, max_retries=0)
    with pytest.raises(TransportError, match=r"no connection.*certificate"):
        bh.databases.get("d")
    assert secured.seen == []


def test_a_connection_that_never_came_about_has_sent_nothing(make: MakeClient) -> None:
    """Where time runs out before there is a connection, a create has certainly not been made."""
    with (
        ScriptedServer(reads=False) as silent,
        pytest.raises(TimedOut, match="no response within"),
    ):
        make(f"localhost:{silent.port}", timeout=0.2, max_retries=0).databases.create("d")


def test_a_client_certificate_is_shown_to_who_asks_for_it(
    make: MakeClient, secured: ScriptedServer, certificate: Path
) -> None:
    """A service that takes only known clients takes this one."""
    assert secured.tls is not None
    secured.tls.load_verify_locations(certificate)
    secured.tls.verify_mode = ssl.CERT_REQUIRED
    host = f"localhost:{secured.port}"
    with pytest.raises(TransportError):
        make(host, ca_file=certificate, max_retries=0).databases.get("d")
    assert secured.seen == []
    make(host, ca_file=certificate, client_cert=certificate).databases.get("d")
    assert secured.lines == [request_line("get_database", db_name="d")]


def test_a_connection_over_tls_that_the_server_closed_is_not_used_again(
    make: MakeClient, secured: ScriptedServer, certificate: Path
) -> None:
    """A create after an idle time is not lost; each new connection is checked anew."""
    secured.script(Reply(body={"data": {"uuid": "u"}}, then="close"))
    bh = make(f"localhost:{secured.port}", ca_file=certificate)
    for _ in range(3):
        bh.databases.create("d")
        time.sleep(0.05)  # for the end of the connection to arrive
    assert len(secured.seen) == secured.connections == 3
