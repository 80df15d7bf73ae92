"""The configuration: where each setting comes from, what it may be, and what it changes."""

import gzip
import logging
import shutil
import socket
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ConfigError,
    InvalidRequest,
    TransportError,
)
from bytehouse._core.config import ATTRIBUTES, load
from bytehouse._transport.http import httpx_request
from bytehouse._transport.models import Request
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer, closed_port, data
from tests.support.wire import keyed_bytes, request_line

__all__ = ["every_transport"]

HOST = "tenant-1-cn-beijing-public.bytehouse.volces.com"


def sources(bh: ByteHouse) -> dict[str, str]:
    """Return where each setting came from."""
    return {name: source for name, _, source in bh.config.explain()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a configuration file with two profiles where the client looks for it by default."""
    path = tmp_path / ".config" / "bytehouse" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        '[default]\nhost = "default.example"\napi_key = "dk"\nrole = "default"\ntimeout = 7\n'
        '[work]\nhost = "work.example"\napi_key = "wk"\nrole = "work"\n'
    )
    return path


def test_argument_profile_environment_default_profile_and_default_count_in_this_order(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first source that has a value counts, and the configuration tells which it was."""
    monkeypatch.setenv("BYTEHOUSE_ROLE", "environment")
    steps: list[tuple[dict[str, Any], str, str]] = [
        ({"role": "argument", "profile": "work"}, "argument", "argument"),
        ({"profile": "work"}, "work", f"profile work in {file}"),
        ({}, "environment", "environment BYTEHOUSE_ROLE"),
    ]
    for arguments, role, source in steps:
        with ByteHouse(**arguments) as bh:
            assert bh._options.role == role
            assert sources(bh)["role"] == source
    monkeypatch.delenv("BYTEHOUSE_ROLE")
    with ByteHouse() as bh:
        assert bh._options.role == "default"
        assert sources(bh)["role"] == f"profile default in {file}"
        assert bh._options.timeout == 7
        assert sources(bh)["deadline"] == "default"
        assert sources(bh)["proxy"] == "not set"


def test_a_named_profile_is_not_mixed_with_the_default_one(file: Path) -> None:
    """What a named profile leaves open comes from the environment or the defaults."""
    with ByteHouse(profile="work") as bh:
        assert bh._options.timeout == 60
        assert sources(bh)["host"] == f"profile work in {file}"


def test_the_environment_can_name_the_profile_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BYTEHOUSE_PROFILE and BYTEHOUSE_CONFIG_FILE stand in for the arguments."""
    other = tmp_path / "other.toml"
    other.write_text('[there]\nhost = "there.example"\napi_key = "k"\n')
    monkeypatch.setenv("BYTEHOUSE_CONFIG_FILE", str(other))
    monkeypatch.setenv("BYTEHOUSE_PROFILE", "there")
    with ByteHouse() as bh:
        assert bh.config.host == "https://there.example"


def test_an_empty_variable_is_one_that_is_not_set(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that a deployment left empty does not hide what stands behind it."""
    monkeypatch.setenv("BYTEHOUSE_ROLE", "")
    with ByteHouse() as bh:
        assert sources(bh)["role"] == f"profile default in {file}"


@cases(
    ("given", "taken"),
    [
        (HOST, f"https://{HOST}"),
        (f"{HOST}:8123", f"https://{HOST}:8123"),
        (f"HTTPS://{HOST.upper()}/", f"https://{HOST}"),
        (f"https://{HOST}/gate/way/", f"https://{HOST}/gate/way"),
        ("[::1]:9000", "https://[::1]:9000"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        (f"  {HOST}\n".strip(), f"https://{HOST}"),
    ],
)
def test_a_bare_host_is_taken_as_https(given: str, taken: str) -> None:
    """Scheme and trailing slash need not be typed; port and path stay."""
    with ByteHouse(given, KEY) as bh:
        assert bh.config.host == taken


BAD_HOSTS = [
    ("not a host", "not a valid address"),
    ("http://tenant.example", "https"),
    ("http://127.0.0.1.example.com", "https"),
    ("http://localhost.example.com", "https"),
    ("http://10.0.0.1", "https"),
    ("https://me:secret@tenant.example", "user or password"),
    ("https://me@tenant.example", "user or password"),
    ("ftp://tenant.example", "https://"),
    ("https://", "not a valid address"),
    ("https://tenant.example:99999", "not a valid address"),
    ("https://tenant.example:port", "not a valid address"),
    ("https://[::1", "not a valid address"),
    ("https://999.1.1.1", "not a valid address"),
    ("https://tenant.example/?a=1", "query"),
    ("https://tenant.example/#a", "fragment"),
    ("https://tenant..example", "not a valid address"),
    ("https://ténant.example", "not a valid address"),
    ("tenant.example\nX-Evil: 1", "control characters"),
    ("", "not be empty"),
    ("   ", "not be empty"),
    (7, "must be a string"),
]


@cases(("host", "words"), BAD_HOSTS)
def test_an_invalid_host_is_refused(make: MakeClient, host: Any, words: str) -> None:
    """What is no address, would send the key in the clear, or holds a password makes no client."""
    with pytest.raises(ConfigError, match=words) as caught:
        make(host)
    assert "host" in str(caught.value)
    assert "argument" in str(caught.value)


@given(st.text(max_size=30) | st.text("htps:/.[]@%a1-_?#\\ 0", max_size=30))
def test_any_string_as_a_host_makes_a_client_or_a_clear_error(text: str) -> None:
    """No text as a host gives anything but a client or a ConfigError."""
    try:
        with ByteHouse(text, KEY) as bh:
            host = bh.config.host
            request = httpx_request(Request("GET", f"{host}/x", {}, None, 1.0), 1.0)
            assert request.url.raw_path.endswith(b"/x")
    except ConfigError as error:
        assert "host" in str(error)  # noqa: PT017 - most texts raise, some do not


def test_host_and_key_must_be_there(make: MakeClient) -> None:
    """Without them, the error says how to give them."""
    with pytest.raises(ConfigError, match=r"no api_key.*BYTEHOUSE_API_KEY") as caught:
        make(api_key=None)
    assert "BYTEHOUSE_HOST" in caught.value.hint


BAD_VALUES: list[tuple[str, Any]] = [
    ("timeout", 0),
    ("timeout", -1),
    ("timeout", float("inf")),
    ("timeout", float("nan")),
    ("timeout", 10**400),
    ("timeout", True),
    ("timeout", "soon"),
    ("deadline", timedelta(days=30)),
    ("max_retries", -1),
    ("max_retries", 2.5),
    ("max_retries", float("inf")),
    ("max_retries", 10**400),
    ("max_retries", True),
    ("max_connections", "many"),
    ("max_connections", 0),
    ("mode", "mysql"),
    ("role", ""),
    ("role", "a\nb"),
    ("role", "Rôle"),
    ("warehouse", 7),
    ("ca_file", "/nowhere/ca.pem"),
    ("ca_file", "~no-such-user/ca.pem"),
    ("ca_file", "x" * 5000),
    ("client_cert", "/nowhere/cert.pem"),
    ("proxy", "nonsense"),
    ("proxy", "http://proxy:99999"),
    ("proxy", "http://[::1"),
    ("application", "a\r\nX-Evil: 1"),
    ("routes", 5),
    ("routes", {"list_databases": 5}),
    ("routes", "/nowhere/routes.toml"),
]


@cases(("name", "value"), BAD_VALUES)
def test_a_bad_value_is_refused_with_its_name_and_source(
    make: MakeClient, name: str, value: Any
) -> None:
    """The error names the setting and where it came from."""
    with pytest.raises(ConfigError) as caught:
        make(HOST, **{name: value})
    assert name in str(caught.value)
    assert "argument" in str(caught.value)


def test_a_bad_value_of_the_environment_is_reported_by_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever set a variable wrongly is told which."""
    monkeypatch.setenv("BYTEHOUSE_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match=r"timeout 'soon' \(from environment BYTEHOUSE_TIMEOUT\)"):
        ByteHouse(HOST, KEY)


@cases(("name", "value"), [("api_key", "se\ncret"), ("proxy", "ssh://u:secret@h")])
def test_a_bad_value_that_is_sensitive_is_not_shown(name: str, value: str) -> None:
    """An error about a secret names it and its source, and no part of it."""
    arguments: dict[str, Any] = {"host": HOST, "api_key": KEY, name: value}
    with pytest.raises(ConfigError, match=rf"{name} \(from argument\)") as caught:
        ByteHouse(**arguments)
    assert "cret" not in str(caught.value)


@cases(
    ("text", "words"),
    [
        ("[default\n", "not TOML .*line 1, column 9"),
        ("[default]\n\nhost = 'sec\nret'\n", "not TOML .*line 3"),
        ("[default]\nhots = 'x'\n", "hots.*Known: host"),
        ("default = 5\n", "line default is in no profile"),
        (b"\xff\xfe", "cannot be read: it is not UTF-8"),
    ],
)
def test_a_bad_configuration_file_is_refused(file: Path, text: str | bytes, words: str) -> None:
    """A file that cannot be read or sets what does not exist is told by its path."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError, match=words) as caught:
        ByteHouse(HOST, KEY)
    assert str(file) in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_a_file_or_body(
    file: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    """Editors of Windows write one before configuration, routes and keys; some gateways too."""
    key, routes = tmp_path / "key", tmp_path / "routes.toml"
    key.write_text(KEY, "utf-8-sig")
    routes.write_text('[routes]\nget_database = "GET /x/{db_name}"\n', "utf-8-sig")
    lines = [f"host = '{server.url}'", f"api_key = 'file:{key}'", f"routes = '{routes}'"]
    file.write_text("\n".join(["[default]", *lines]), "utf-8-sig")
    body = b"\xef\xbb\xbf" + b'{"data": {"name": "d"}}'
    failure = b"\xef\xbb\xbf" + b'{"message": "so what", "error": {"code": "c"}}'
    rows = b"\xef\xbb\xbf" + b'{"data": [{"columns": ["a"], "rows": [[1]]}]}'
    server.script(Reply(body=body), Reply(400, body=failure), Reply(body=rows))
    with ByteHouse() as bh:
        assert bh.databases.get("d").name == "d"
        with pytest.raises(InvalidRequest, match="so what"):
            bh.databases.get("d")
        assert bh.query("SELECT 1").scalar() == 1
    assert server.seen[0].header("Authorization") == f"Bearer {KEY}"
    assert server.lines[0] == "GET /x/d"


def test_a_profile_or_file_that_is_not_there_is_refused(file: Path) -> None:
    """A wrong name is not silently taken for the defaults."""
    with pytest.raises(ConfigError, match=r"no profile wrok.*default, work"):
        ByteHouse(HOST, KEY, profile="wrok")
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        ByteHouse(HOST, KEY, config_file=file.with_name("nowhere.toml"))


def test_an_account_without_a_home_can_make_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container whose user has no home, there is simply no configuration file."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", dict[int, str]().__getitem__)
    with ByteHouse(HOST, KEY) as bh:
        assert sources(bh)["host"] == "argument"


# Every setting is wired: a change of it shows in what the server sees or in what the call gives.


def test_every_setting_can_be_an_argument_a_variable_and_a_key_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The one table of settings gives all three ways to set them."""
    pem, routes = tmp_path / "a.pem", tmp_path / "routes.toml"
    pem.write_text("")
    routes.write_text('[routes]\nlist_databases = "GET /x"\n')
    given: dict[str, str] = dict.fromkeys((a.name for a in ATTRIBUTES), "5")
    given |= {
        "host": HOST,
        "http": "aiohttp",
        "mode": "ansi_sql",
        "proxy": "http://p:1",
        "routes": str(routes),
    }
    given |= {"ca_file": str(pem), "client_cert": str(pem)}
    file = tmp_path / "config.toml"
    file.write_text("[it]\n" + "".join(f'{name} = "{value}"\n' for name, value in given.items()))

    from_argument, from_file = load(given), load({}, profile="it", file=file)
    for attribute in ATTRIBUTES:
        monkeypatch.setenv(attribute.variable, given[attribute.name])
    from_variable = load({})
    for name in given:
        values = {getattr(c, name).__repr__() for c in (from_argument, from_variable, from_file)}
        assert len(values) == 1, name
        assert getattr(from_file, name) is not None


def test_the_constructors_take_every_setting() -> None:
    """Both flavours take each setting by its name."""
    for kind in (ByteHouse, AsyncByteHouse):
        assert {a.name for a in ATTRIBUTES} <= set(kind.__init__.__annotations__)


def test_a_proxy_of_the_environment_counts_for_https_and_never_for_this_machine(
    make: MakeClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY is honoured, NO_PROXY too, and plain http goes to this machine directly."""
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    server.script(Reply(403, then="close"))
    with pytest.raises(TransportError):
        make(HOST, max_retries=0).databases.get("d")
    assert server.lines == [f"CONNECT {HOST}:443"]
    server.script(data({"name": "d"}))
    make(server.url).databases.get("d")
    assert server.lines == [request_line("get_database", db_name="d")]
    monkeypatch.setenv("NO_PROXY", "localhost")
    server.script(Reply(403, then="close"))
    with pytest.raises(TransportError):
        make(f"localhost:{closed_port()}", max_retries=0).databases.get("d")
    assert server.lines == []


@pytest.mark.parametrize("address", ["http://proxy:99999", "gopher://proxy:1", "http://[::1"])
def test_a_bad_proxy_of_the_environment_is_reported(
    make: MakeClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """What HTTPS_PROXY holds is checked like a setting of our own."""
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConfigError, match="proxy"):
        make(HOST)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    pem = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command, "-keyout", pem, "-out", f"{pem}.crt"], check=True, capture_output=True
    )
    pem.write_text(pem.read_text() + Path(f"{pem}.crt").read_text())
    return pem


def test_only_a_trusted_certificate_gets_the_key(make: MakeClient, certificate: Path) -> None:
    """A server whose certificate is not trusted sees no request; with `ca_file` it is trusted."""
    with ScriptedServer(certificate=certificate) as server:
        host = f"localhost:{server.port}"
        with pytest.raises(TransportError, match="certificate"):
            make(host, max_retries=0).databases.get("d")
        assert server.seen == []
        make(host, ca_file=certificate).databases.get("d")
        assert server.lines == [request_line("get_database", db_name="d")]


def test_making_a_client_sends_nothing_and_needs_no_network(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A connection is opened by the first call, not by the constructor."""
    bh = make(server.url)
    assert server.connections == 0
    bh.databases.get("d")
    bh.databases.get("d")
    assert server.connections == 1


def test_a_closed_client_and_its_views_refuse_calls(
    make: MakeClient, server: ScriptedServer
) -> None:
    """After closing, a call says so instead of opening connections again."""
    bh = make(server.url)
    view = bh.with_options(role="r")
    bh.close()
    for client in (bh, view):
        with pytest.raises(Exception, match="closed"):
            client.databases.get("d")
    assert server.seen == []


def test_compressed_responses_are_read(bh: ByteHouse, server: ScriptedServer) -> None:
    """Gzip is offered and undone."""
    body = gzip.compress(keyed_bytes(b'{"data": {"name": "packed"}}'))
    server.script(Reply(body=body, headers={"Content-Encoding": "gzip"}))
    assert bh.databases.get("d").name == "packed"
    assert "gzip" in (server.seen[0].header("Accept-Encoding") or "")


def test_logging_is_silent_unless_asked_for(
    bh: ByteHouse, server: ScriptedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A call that is repeated prints nothing by itself."""
    logging.getLogger("bytehouse").handlers.clear()
    server.script(Reply(503), data({"name": "d"}))
    bh.databases.get("d")
    assert capfd.readouterr() == ("", "")
    assert socket.getdefaulttimeout() is None
