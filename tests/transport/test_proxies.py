"""Which proxy a client uses: the configured one, or that of the environment but for NO_PROXY."""

import pytest

from bytehouse import ConfigError
from bytehouse._core.config import load
from bytehouse._transport.proxies import find_proxy
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient


def proxy_of(host: str) -> str | None:
    """Return the proxy that a client of a host would use."""
    found = find_proxy(load({"host": host, "api_key": KEY}))
    return None if found is None else str(found.url)


@cases(
    ("no_proxy", "host", "direct"),
    [
        ("", "tenant.example", False),
        ("*", "tenant.example", True),
        ("tenant.example", "tenant.example", True),
        ("example", "tenant.example", True),
        (".example", "tenant.example", True),
        ("*.example", "tenant.example", True),
        ("ample", "tenant.example", False),
        ("other, TENANT.example", "tenant.example", True),
        ("tenant.example:443", "tenant.example", True),
        ("tenant.example:8123", "tenant.example", False),
        ("tenant.example:8123", "tenant.example:8123", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8:443", "10.1.2.3:444", False),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3:8123", True),
        ("10.0.0.0/8", "ten.example", False),
        ("2001:db8::7", "[2001:DB8:0::7]", True),
        ("[2001:db8::7]:443", "[2001:db8::7]", True),
        ("[2001:db8::7]:444", "[2001:db8::7]", False),
        ("2001:db8::/32", "[2001:db8::7]:9000", True),
        ("fd00::/8", "[2001:db8::7]", False),
        ("nonsense/99", "10.1.2.3", False),
    ],
)
def test_no_proxy_in_all_its_forms(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, direct: bool
) -> None:
    """Names, domains, addresses and networks, each with a port or without."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_of(host) == (None if direct else "http://proxy:3128")


def test_all_proxy_is_what_is_used_without_https_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a scheme need not be given."""
    monkeypatch.setenv("ALL_PROXY", "all:1")
    assert proxy_of("tenant.example") == "http://all:1"
    monkeypatch.setenv("HTTPS_PROXY", "http://secure:2")
    assert proxy_of("tenant.example") == "http://secure:2"
    assert proxy_of("http://localhost:9000") is None


@cases(
    ("value", "words"),
    [("ssh://me:secret@p", "must be an address"), ("socks5://p:1080", "needs the package socksio")],
)
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    """Whoever set it, often for other programs, is told which it was; its password is not shown."""
    monkeypatch.setattr("bytehouse._transport.proxies.find_spec", lambda _: None)
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(ConfigError, match=words) as caught:
        proxy_of("tenant.example")
    assert "ALL_PROXY" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_aiohttp_says_that_it_knows_no_socks(
    make: MakeClient, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable that names the proxy, and what to do."""
    if flavour == "sync":
        pytest.skip("only asynchronous clients can use aiohttp")
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1080")
    with pytest.raises(ConfigError, match=r"aiohttp does not support SOCKS.*ALL_PROXY"):
        make("tenant.example", http="aiohttp").databases.get("d")
