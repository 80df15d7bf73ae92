"""Find the proxy to a host: configured, or of the environment unless NO_PROXY names the host."""

from __future__ import annotations

import re
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from .._core.config import Config, parse_setting
from .._core.secrets import Secret
from ..errors import ConfigError

__all__ = ["find_proxy", "needs_brackets"]

_ENTRY = re.compile(r"(?P<name>\[[^\]]+\](?:/\d+)?|[^:]*)(?::(?P<port>\d+))?")


def find_proxy(config: Config) -> httpx.Proxy | None:
    """Return the proxy to use, from the configuration or the environment; None if there is none.

    Raises:
        ConfigError: It cannot be used.
    """
    parts = urlsplit(config.host)
    if parts.scheme == "http":
        return None  # plain http is for this machine; through a proxy the key would leave it
    address, source = Secret(config.proxy or ""), config._values["proxy"].source
    if not address and not _bypassed(parts.hostname or "", parts.port or 443):
        for name, source in (("https", "HTTPS_PROXY"), ("all", "ALL_PROXY")):
            address = Secret.returned_by(partial(_of_environment, name))
            if address:
                address = Secret(parse_setting("proxy", address, f"environment {source}"))
                break
    if not address:
        return None
    if address.check(lambda url: url.startswith("socks")):
        if config.http == "aiohttp":
            raise ConfigError(
                f"aiohttp does not support SOCKS proxies (proxy from {source}).",
                hint='Use http="httpx".',
            )
        if find_spec("socksio") is None:
            raise ConfigError(
                f"A SOCKS proxy (from {source}) needs the package socksio.",
                hint="pip install 'httpx[socks]', or list the host in NO_PROXY.",
            )
    return httpx.Proxy(address.reveal())


def needs_brackets(config: Config, proxy: httpx.Proxy | None) -> bool:
    """Return whether a proxy is asked, by HTTP's CONNECT, for a tunnel to an IPv6 address."""
    return proxy is not None and "[" in config.host and not proxy.url.scheme.startswith("socks")


def _of_environment(name: str) -> str:
    found = getproxies().get(name) or ""
    return found if "://" in found or not found else f"http://{found}"


def _bypassed(host: str, port: int) -> bool:
    """Return whether the environment, or the system's settings, exclude a host from its proxy."""
    entries = re.split(r"[,\s]+", getproxies().get("no", "").lower())
    return any(_matches(host, port, entry) for entry in entries if entry) or bool(
        proxy_bypass(f"[{host}]" if ":" in host else host)
    )


def _matches(host: str, port: int, entry: str) -> bool:
    """Return whether an entry of NO_PROXY names a host.

    It is ``*``, a domain with what is below it (also as ``.domain`` or ``*.domain``), an address or
    a network such as ``10.0.0.0/8``; each may have a port, and an IPv6 address brackets.
    """
    found = _ENTRY.fullmatch(entry)  # an IPv6 address without brackets has no port
    name = (found["name"] if found else entry).replace("[", "").replace("]", "")
    if found and found["port"] and int(found["port"]) != port:
        return False
    if name == "*":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        domain = name.removeprefix("*").lstrip(".")
        return bool(domain) and f".{host.rstrip('.')}".endswith(f".{domain}")
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False
