"""A secret is in no error, log, span or traceback, in whatever encoding it is repeated."""

import base64
import html
import io
import json
import logging
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console
from rich.traceback import Traceback

from bytehouse import ByteHouse, ByteHouseError, Retry, S3Connection
from bytehouse._call.redaction import Redaction, SecretMask
from bytehouse._core.secrets import Secret
from tests.call.test_telemetry import spans
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer

__all__ = ["every_transport", "spans"]

SLASHED = 'sk-a/b+c=d&e"f g/0123456789'


def utf16_escapes(text: str) -> str:
    """Write each character as JSON may: by its code."""
    return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON by codes": utf16_escapes,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON in JSON by codes": lambda text: json.dumps(utf16_escapes(text)),
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "percent for every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "form": urllib.parse.quote_plus,
    "HTML": html.escape,
    "HTML by codes": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a header": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    "base64 of a login": lambda text: base64.urlsafe_b64encode(f"me:{text}\n".encode()).decode(),
    "Python": lambda text: repr(text.encode())[2:-1],
}
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=60)


@given(SECRETS, st.text(max_size=5), st.sampled_from(sorted(ENCODINGS)))
def test_a_secret_is_found_in_each_encoding(secret: str, around: str, encoding: str) -> None:
    """Whatever characters it has, and whatever stands around it; what is left does not hold it."""
    encoded = ENCODINGS[encoding](secret)
    shown = Redaction([SecretMask(Secret(secret))]).text(f"{around}<{encoded}>{around}")
    assert "***" in shown
    assert encoded.strip('"')[4:-4] not in shown or len(encoded) < 12


@given(st.text())
def test_a_text_without_a_secret_is_not_changed(text: str) -> None:
    """Not even where it has escapes."""
    assert Redaction([SecretMask(Secret("sk-0123456789abc"))]).text(text) == text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_encoding_brings_a_secret_into_an_error(
    bh: ByteHouse, server: ScriptedServer, encoding: str
) -> None:
    """Neither the key nor a password that was sent."""
    for secret in (SLASHED, KEY):
        encoded = ENCODINGS[encoding](secret).strip('"')
        body = b'{"error": {"code": "E", "message": "cannot log in with %b"}}' % encoded.encode()
        server.script(
            Reply(400, body, headers={"Content-Type": "application/json", "X-Seen": encoded})
        )
        with pytest.raises(ByteHouseError) as caught:
            bh.connections.create("c", S3Connection(secret_access_key=SLASHED))
        shown = f"{caught.value} {vars(caught.value)} {caught.value.raw_response}"
        assert "cannot log in" in shown
        assert secret not in shown
        assert encoded not in shown


MALFORMED = [
    b"HTTP/1.1 2OO %b\r\n\r\n",
    b"%b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n%b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\n",
]


@pytest.mark.parametrize("raw", MALFORMED)
def test_what_a_library_says_of_a_malformed_response_does_not_show_the_key(
    make: MakeClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
    raw: bytes,
) -> None:
    """Message, log, hook and span are free of it, though the library's text repeats the line."""
    caplog.set_level(logging.DEBUG, "bytehouse")
    server.script(Reply(raw=raw % f"Bearer {KEY}".encode(), then="close"))
    seen: list[Retry] = []
    bh = make(server.url, max_retries=1, on_retry=seen.append)
    for call in (bh.databases.get, bh.databases.create):
        with pytest.raises(ByteHouseError) as caught:
            call("d")
        shown = f"{caught.value} {vars(caught.value)} {seen} {caplog.text}"
        shown += "".join(
            repr(vars(record)) for record in caplog.records if record.name == "bytehouse"
        )
        shown += "".join(span.to_json() for span in spans.get_finished_spans())
        assert KEY[5:] not in shown
        assert "bytearray(" not in str(caught.value)  # nothing of it is repeated


@pytest.fixture
def talking_proxy() -> Iterator[str]:
    """Run a proxy that repeats in its status line how one logs in to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    login = connection.recv(9999).partition(b"Basic ")[2].split(b"\r\n")[0]
                    plain = base64.b64decode(login)
                    connection.sendall(b"HTTP/1.1 407 %b %b\r\n\r\n" % (login, plain))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://me:hunter2-hunter2@127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_what_a_proxy_says_does_not_show_its_password(
    make: MakeClient, talking_proxy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its status is told, and nothing else of its answer."""
    caplog.set_level(logging.DEBUG, "bytehouse")
    bh = make("tenant.example", proxy=talking_proxy, max_retries=1)
    with pytest.raises(ByteHouseError, match="407") as caught:
        bh.databases.get("d")
    shown = f"{caught.value} {vars(caught.value)} {caplog.text}"
    assert "hunter2" not in shown
    assert base64.b64encode(b"me:hunter2-hunter2").decode() not in shown


def test_an_error_about_a_row_does_not_show_the_key(bh: ByteHouse, server: ScriptedServer) -> None:
    """Rows are data and stay as they are; what is said of them is not."""
    rows: list[Any] = [[KEY], {"n": KEY, KEY: 1}, KEY]
    for at in range(1, 4):
        server.script(Reply(body={"data": [{"columns": [["n", "String"]], "rows": rows[:at]}]}))
        if at == 1:
            assert bh.query("SELECT 1").rows() == [(KEY,)]
            continue
        with pytest.raises(ByteHouseError) as caught:
            bh.query("SELECT 1").rows()
        assert KEY[5:] not in f"{caught.value} {vars(caught.value)}"
    server.script(Reply(body={"data": [{"columns": [["n", "UInt8"]], "rows": [[KEY]]}]}))
    with pytest.raises(ByteHouseError, match="not of type") as caught:
        bh.query("SELECT 1").to_arrow()
    assert KEY[5:] not in f"{caught.value} {vars(caught.value)}"


def test_a_traceback_of_rich_does_not_show_the_key(
    make: MakeClient, server: ScriptedServer
) -> None:
    """With the local variables of all frames."""
    server.script(Reply(403, {"message": KEY}), Reply(raw=b"x", then="close"))
    bh = make(server.url, max_retries=0)
    for call in (bh.databases.create, bh.query):
        console = Console(file=io.StringIO(), width=300)
        try:
            call("d")
        except ByteHouseError as error:
            kind, trace = type(error), error.__traceback__
            shown = Traceback.from_exception(kind, error, trace, show_locals=True)
            console.print(shown)
        file = console.file
        assert isinstance(file, io.StringIO)
        assert "locals" in file.getvalue()
        assert KEY[5:15] not in file.getvalue()


def test_nothing_that_serializes_or_slices_shows_a_secret() -> None:
    """It raises an error, or writes stars."""
    secret = Secret("hush-0123456789")
    attempts: list[Callable[[], object]] = [
        lambda: json.dumps({"key": secret}),
        lambda: orjson.dumps({"key": secret}),
        lambda: json.dumps({"key": secret}, default=str),
        lambda: secret[:80],  # type: ignore[index]
        lambda: "".join(secret),  # type: ignore[arg-type]
        lambda: "Bearer " + secret,  # type: ignore[operator]
        lambda: [*secret],  # type: ignore[misc]
        lambda: str.__str__(secret),
        lambda: vars(secret),
        lambda: io.StringIO().write(secret),  # type: ignore[arg-type]
    ]
    for attempt in attempts:
        try:
            shown = repr(attempt())
        except (TypeError, AttributeError) as error:
            shown = repr(error)
        assert "hush" not in shown
