"""Resolve the configuration of a client, and record where each value came from."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import quote, urlsplit

from ..errors import ConfigError
from .secrets import Secret

Mode = Literal["ansi_sql", "clickhouse_sql"]
Http = Literal["httpx", "aiohttp"]
KeySource = str | Secret | Callable[[], str | Secret]
REPAIR_ROUTES = (
    "`bytehouse routes pull SOURCE` rewrites the file; without it the built-in routes are used."
)


def _config_directory() -> Path:
    """Return the directory of the configuration."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path("~/.config")) / "bytehouse"


def routes_file(host: str) -> Path:
    """Return the path of the routes file of a host, whether it exists or not.

    Args:
        host: Host as the configuration resolves it, ``https://host[:port][/prefix]``.
    """
    parts = urlsplit(host)
    name = parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80") + parts.path
    return _config_directory() / "routes" / f"{quote(name, safe='')}.toml"


class Attribute(NamedTuple):
    """Describe one setting, for parsing, redaction and documentation."""

    name: str
    doc: str
    parse: Callable[[Any], Any]
    default: Any = None
    sensitive: bool = False

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"BYTEHOUSE_{self.name.upper()}"


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {type(value).__name__}")
    if not value.strip() or not value.isprintable():
        raise ValueError("must not be empty or have control characters")
    return value.strip()


def _header_string(value: Any) -> str:
    text = _string(value)
    if not text.isascii():
        raise ValueError("must be ASCII, because it is sent in an HTTP header")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_hostname(host: str) -> bool:
    if ":" in host or not set(host) - set("0123456789."):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    invalid = set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    return bool(host) and not invalid and ".." not in host


def _host(value: Any) -> str:
    """Return ``scheme://host[:port][/prefix]``; a bare host is taken as https."""
    text = _string(value)
    example = "give a host such as tenant-1-cn-beijing-public.bytehouse.volces.com"
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not a valid address ({error}); {example}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user or password; set the key with api_key")
    if parts.query or parts.fragment:
        raise ValueError("must not have a query or a fragment")
    if parts.scheme not in ("https", "http"):
        raise ValueError(f"must begin with https://, not {parts.scheme}://")
    host = parts.hostname or ""
    if not _is_hostname(host):
        raise ValueError(f"is not a valid address; {example}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must be https: the API key is sent over plain http to this machine only")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _seconds(value: Any) -> float:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, bool):
        raise ValueError("must be a number of seconds")
    else:
        try:
            seconds = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError("must be a number of seconds or a timedelta") from None
    if not 0 < seconds <= 7 * 24 * 3600:
        raise ValueError("must be more than 0 seconds and at most 7 days")
    return seconds


def _whole_number(least: int, most: float, what: str) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"must be {what}") from None
        if isinstance(value, bool) or not least <= number <= most or number != float(value):
            raise ValueError(f"must be {what}")
        return number

    return parse


_count = _whole_number(0, 10_000, "a whole number from 0 to 10000")
_size = _whole_number(1, float("inf"), "a whole number of bytes, 1 or more")
_port = _whole_number(1, 65_535, "a port: a whole number from 1 to 65535")
_positive_count = _whole_number(1, 10_000, "a whole number from 1 to 10000")


def _one_of(*names: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in names:
            raise ValueError(f"must be {' or '.join(names)}")
        return str(value)

    return parse


def _secret(value: Any) -> Secret:
    if not isinstance(value, str | Secret):
        raise ValueError(f"must be a string, not {type(value).__name__}")
    secret = Secret(value).map(str.strip)
    if not secret or not secret.check(str.isprintable):
        raise ValueError("must not be empty or have control characters")
    return secret


def _key(value: Any) -> KeySource:
    source: KeySource = value if callable(value) else _secret(value)
    return source


def _path(value: Any) -> str:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueError("must be a path")
    try:
        path = Path(value).expanduser()
        if path.is_file():
            return str(path)
    except (OSError, RuntimeError):
        pass  # a path that the system cannot resolve does not exist either
    raise ValueError("names a file that does not exist")


def _is_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https", "socks5", "socks5h")
        return known and _is_hostname(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False


def _proxy(value: Any) -> str | Secret:
    address = _secret(value)
    if not address.check(_is_proxy):
        raise ValueError("must be an address such as http://proxy:3128")
    return address if address.check(lambda text: "@" in text) else address.reveal()


def _read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not TOML. The message says where, and repeats nothing of the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        import tomllib  # most programs have no such file

        return tomllib.loads(text)
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except ValueError as error:
        place = re.search(r" \(at [^()]*\)$", str(error))
        reason = f"it is not TOML{place[0] if place else ''}"
    # Raised here and not in the handler: the frames of the parser hold the contents of the file.
    raise ValueError(reason)


def _routes(value: Any) -> dict[str, str]:
    if isinstance(value, str | os.PathLike):
        path = Path(_path(value))
        try:
            value = _read_toml(path).get("routes")
        except OSError as error:
            raise ValueError(f"names a file that cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise ValueError(f"names a file that cannot be read: {error}") from None
    if not isinstance(value, Mapping) or not all(
        isinstance(item, str) for pair in value.items() for item in pair
    ):
        raise ValueError('must map operation ids to routes such as "GET /v1/databases"')
    return dict(value)


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "host",
        "Host of the tenant, as its console shows it; the scheme is https if not given.",
        _host,
    ),
    Attribute(
        "api_key",
        "API key: the key itself, a callable that returns it, or a reference `env:NAME`, "
        "`file:PATH` or `keyring:SERVICE/USER`. Read anew for each request.",
        _key,
        sensitive=True,
    ),
    Attribute(
        "role",
        "Role to use; without it the service uses the user's default role.",
        _header_string,
    ),
    Attribute("warehouse", "Name or id of the virtual warehouse that queries run on.", _string),
    Attribute(
        "mode",
        "SQL dialect of queries: ansi_sql or clickhouse_sql.",
        _one_of(*get_args(Mode)),
        "ansi_sql",
    ),
    Attribute(
        "database",
        "Database of the tables that statements and inserts name without one.",
        _string,
    ),
    Attribute("timeout", "Seconds that one attempt of a call may take.", _seconds, 60.0),
    Attribute(
        "deadline",
        "Seconds that a call may take in all, with retries and pauses.",
        _seconds,
        300.0,
    ),
    Attribute("max_retries", "How many times a call may be retried.", _count, 4),
    Attribute(
        "retry_budget",
        "How many retries and probes a client may send in a burst; "
        "each success refunds 0.25 of one.",
        _count,
        100,
    ),
    Attribute(
        "max_body",
        "Bytes that the body of one response may have, decompressed.",
        _size,
        1 << 30,
    ),
    Attribute(
        "max_connections", "How many connections the client has at most.", _positive_count, 100
    ),
    Attribute(
        "clickhouse_port", "Port of the host's ClickHouse interface, for `clickhouse`.", _port, 8123
    ),
    Attribute(
        "http",
        "HTTP library of `AsyncByteHouse`: httpx or aiohttp. `ByteHouse` uses httpx.",
        _one_of(*get_args(Http)),
        "httpx",
    ),
    Attribute(
        "ca_file",
        "PEM file of the certificate authorities to trust instead of the default ones.",
        _path,
    ),
    Attribute("client_cert", "PEM file with a client certificate and its key.", _path),
    Attribute(
        "proxy",
        "URL of a proxy; without it HTTPS_PROXY and NO_PROXY apply.",
        _proxy,
        sensitive=True,
    ),
    Attribute("application", "Name of your application, added to the User-Agent.", _header_string),
    Attribute(
        "routes",
        "Routes that differ from the built-in ones: a mapping of operation ids to `METHOD /path`, "
        "or a TOML file with a [routes] table. Without it, the file that `bytehouse routes pull` "
        "wrote for the host.",
        _routes,
    ),
)
_BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their secrets wrapped, so that no traceback shows them."""
    return {
        name: Secret(value)
        if isinstance(value, str) and name in _BY_NAME and _BY_NAME[name].sensitive
        else value
        for name, value in values.items()
    }


class Value(NamedTuple):
    """Hold one resolved value and its source."""

    value: Any
    source: str


class Config:
    """Hold the resolved configuration of a client. Its repr shows no secret."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in _BY_NAME:
            raise AttributeError(name)
        return self._values[name].value

    def explain(self) -> list[tuple[str, str, str]]:
        """Return (name, value, source) of every setting; a secret is shown as ``***``."""
        return [(a.name, self._shown(a), self._values[a.name].source) for a in ATTRIBUTES]

    def _shown(self, attribute: Attribute) -> str:
        value = self._values[attribute.name].value
        if value is None:
            return ""
        if attribute.sensitive:
            return "***"
        return f"{len(value)} routes" if isinstance(value, Mapping) else str(value)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value, _ in self.explain() if value)
        return f"Config({shown})"

    def _repr_html_(self) -> str:
        from bytehouse_raw.types import html_table

        return html_table(("setting", "value", "source"), self.explain())


def load(
    arguments: Mapping[str, Any],
    *,
    profile: str | None = None,
    file: str | os.PathLike[str] | None = None,
) -> Config:
    """Resolve every setting, and require host and key.

    Args:
        arguments: Settings that the caller gives, as `masked` returns them.
        profile: Name of a profile.
        file: Configuration file to read instead of the default one.

    Raises:
        ConfigError: A value is invalid, the file or the profile does not exist, or host or key
            are missing.
    """
    config = resolve(arguments, profile=profile, file=file)
    _require(config._values)
    return config


def resolve(
    arguments: Mapping[str, Any],
    *,
    profile: str | None = None,
    file: str | os.PathLike[str] | None = None,
) -> Config:
    """Resolve every setting; host and key may be missing.

    The first of these that has a value is used: argument, named profile, environment, default
    profile, for routes the file of the host, default. The arguments are those of `load`.

    Raises:
        ConfigError: A value is invalid, or the file or the profile does not exist.
    """
    profile = profile or os.environ.get("BYTEHOUSE_PROFILE")
    path, tables = _read_tables(file or os.environ.get("BYTEHOUSE_CONFIG_FILE"))
    default = default_profile(tables)
    named = _profile_settings(path, tables, profile) if profile else {}
    known = not profile and (default in tables or default != DEFAULT_PROFILE)
    fallback = _profile_settings(path, tables, default) if known else {}
    variables = masked({a.name: os.environ.get(a.variable) or None for a in ATTRIBUTES})
    values = {}
    for attribute in ATTRIBUTES:
        name = attribute.name
        places = (
            ("argument", arguments.get(name)),
            (f"profile {profile} in {path}", named.get(name)),
            (f"environment {attribute.variable}", variables[name]),
            (f"profile {default} in {path}", fallback.get(name)),
            ("default", attribute.default),
        )
        source, raw = next(((s, v) for s, v in places if v is not None), ("not set", None))
        parsed = None if raw is None else parse_setting(name, raw, source)
        values[name] = Value(parsed, source)
    if values["routes"].value is None and values["host"].value is not None:
        values["routes"] = _routes_of_host(values["host"].value)
    return Config(values)


def _routes_of_host(host: str) -> Value:
    path = routes_file(host)
    try:
        path = path.expanduser()
        if not path.exists():
            return Value(None, "not set")
    except RuntimeError:
        return Value(None, "not set")  # an account without a home directory
    except OSError:
        pass  # it exists and cannot be read
    try:
        return Value(parse_setting("routes", path, "the file of the host"), f"routes file {path}")
    except ConfigError as error:
        raise ConfigError(error.message, hint=REPAIR_ROUTES) from None


def parse_setting(name: str, value: Any, source: str = "") -> Any:
    """Return the parsed value of a setting.

    Raises:
        ConfigError: The value is invalid.
    """
    attribute = _BY_NAME[name]
    try:
        return attribute.parse(value)
    except ValueError as error:
        shown = "" if attribute.sensitive else f" {value!r:.200}"
        origin = f" (from {source})" if source else ""
        raise ConfigError(f"{name}{shown}{origin} {error}.") from None


def _require(values: Mapping[str, Value]) -> None:
    missing = [name for name in ("host", "api_key") if values[name].value is None]
    if missing:
        ways = " and ".join(f"{name}=... or {_BY_NAME[name].variable}" for name in missing)
        raise ConfigError(
            f"No {' and no '.join(missing)} given.",
            hint=f"Set {ways}, or a profile in {_config_directory() / 'config.toml'}, which "
            "`bytehouse init` writes. "
            "Without a tenant, `bytehouse-emulator` starts a local one.",
        )


Tables = Mapping[str, Any]
DEFAULT_PROFILE = "default"


def config_file(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the path of the configuration file, whether it exists or not."""
    return Path(given or _config_directory() / "config.toml")


def _read_tables(given: str | os.PathLike[str] | None) -> tuple[Path, Tables]:
    """Return the configuration file and its tables; only a file that was asked for must exist."""
    path = config_file(given)
    try:
        path = path.expanduser()
        # No frame of an error may hold a line outside of the profiles either: it may be a key.
        tables = {
            k: masked(v) if isinstance(v, dict) else v if k == "profile" else None
            for k, v in _read_toml(path).items()
        }
    except (OSError, RuntimeError, ValueError) as error:
        # An account without a home directory has no file in it.
        if given is None and isinstance(error, FileNotFoundError | RuntimeError):
            return path, {}
        reason = str(getattr(error, "strerror", None) or error)
    else:
        outside = [k for k, v in tables.items() if not isinstance(v, dict | str)]
        if not outside:
            return path, tables
        reason = f"the line {outside[0]} is in no profile, such as [default]"
    raise ConfigError(f"The configuration file {path} cannot be read: {reason}")


def default_profile(tables: Tables) -> str:
    """Return the name of the profile that is used where none is named: what the line ``profile`` at
    the top of the file says, or else ``default``."""
    name = tables.get("profile")
    return name if isinstance(name, str) else DEFAULT_PROFILE


def _profile_settings(path: Path, tables: Tables, wanted: str) -> dict[str, Any]:
    """Return the table of a profile, which must exist."""
    table = tables.get(wanted)
    if not isinstance(table, dict):
        known = ", ".join(sorted(k for k, v in tables.items() if isinstance(v, dict))) or "none"
        raise ConfigError(f"There is no profile {wanted} in {path}. Profiles there: {known}.")
    unknown = sorted(set(table) - set(_BY_NAME))
    if unknown:
        raise ConfigError(
            f"{path} has unknown settings: {', '.join(unknown)}. Known: {', '.join(_BY_NAME)}."
        )
    return table
