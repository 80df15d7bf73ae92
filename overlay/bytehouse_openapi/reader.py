"""Read a specification from a file or an address, directly or through a docs page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from bytehouse._core.config import Config, parse_setting
from bytehouse._transport.models import Request, TransportFailure
from bytehouse._transport.sync_transport import fetch

from .document import Document, check, drop_unresolved
from .errors import UpstreamError, UpstreamUnreachable, reporting_invalid
from .pages import LOOKED_FOR, Found, found_in_script, join, specs_in
from .parsing import load
from .swagger2 import convert

_REDIRECTS = (301, 302, 303, 307, 308)
# Those of documents; Python has others, which are no character sets, or take hours.
_CHARSET = re.compile(
    r"""charset\s*=\s*["']?
    ((?:utf-?(?:8|16|16le|16be|32)|us-ascii|(?:iso-|windows-|cp|koi8-|euc-)[\w-]{1,10}
    |latin-?\d|gbk|gb2312|gb18030|big5|shift_jis)(?![\w-]))""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKED = "application/json, application/yaml, text/yaml, text/html;q=0.9, */*;q=0.5"


@attrs.frozen
class Limits:
    """Limits of reading.

    Attributes:
        size: Maximum size of a document in bytes, decompressed.
        seconds: Maximum duration of all requests together.
        requests: Maximum number of documents to fetch.
    """

    size: int = 32 << 20
    seconds: float = 60.0
    requests: int = 20


@attrs.frozen
class Upstream:
    """A specification, and where it was found.

    Attributes:
        document: The specification, OpenAPI 3.
        address: Its file or address.
        how: How a docs page referred to it; empty without a docs page.
        version: OpenAPI version of the original.
        unresolved: References that lead to nothing, to another file or to themselves; what they
            stand for is unknown.
    """

    document: Document = attrs.field(repr=False)
    address: str
    how: str
    version: str
    unresolved: tuple[str, ...] = ()


def read(
    source: str,
    *,
    headers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    rank: Callable[[Document], float] | None = None,
    config: Config | None = None,
) -> Upstream:
    """Read a specification.

    Args:
        source: Address or path of an OpenAPI document in JSON or YAML, or of a docs page that shows
            one.
        headers: Headers for requests to the host of `source`, such as a token. No other host gets
            them, and no message or log shows them.
        limits: Limits of what is fetched.
        rank: Returns how well a document fits, to choose among several of a page; without it, the
            first that can be read is used.
        config: Source of certificate authorities and proxy, if not the default ones.

    Raises:
        UpstreamError: There is none, or it cannot be used.
        ConfigError: Headers would be sent over plain http.
    """
    if headers and _parts(source).scheme == "http":
        parse_setting("host", f"http://{_parts(source).netloc}", "the address to read")
    return _Reader(source, dict(headers or {}), limits or Limits(), rank, config).upstream()


@attrs.frozen
class _Text:
    text: str = attrs.field(repr=False)
    address: str
    damaged: bool = False
    """Whether there are characters in it that could not be decoded."""

    def loaded(self) -> Any:
        """Parse it as JSON or YAML.

        Raises:
            UpstreamError: It is neither, or names in it may be wrong.
        """
        if self.damaged:
            raise UpstreamError(
                f"{self.address} is not UTF-8, and no header names its character set.",
                hint="Save it and convert it first, for instance with `iconv -f gb18030 -t utf-8`.",
            )
        return load(self.text, self.address)


class _Reader:
    def __init__(
        self,
        source: str,
        headers: dict[str, str],
        limits: Limits,
        rank: Callable[[Document], float] | None,
        config: Config | None,
    ) -> None:
        self._config = config
        self._source = source
        self._headers = headers
        self._limits = limits
        self._rank = rank
        self._until = time.monotonic() + limits.seconds
        self._requests = 0
        self._script_problems: list[str] = []

    def upstream(self) -> Upstream:
        """Return the specification."""
        got = self._get(self._source)
        if not _is_html(got.text):
            value = got.loaded()
            candidates = _addresses(value, got.address) if not _is_spec(value) else []
            if not candidates:
                return self._checked(value, got.address, "")
            return self._best(candidates)
        found, scripts = specs_in(got.text, got.address)
        if not found:
            found = self._find_in_scripts(scripts)
        if not found:
            raise UpstreamError(
                f"{got.address} is a page without a specification. Looked for: {LOOKED_FOR}.",
                hint="Give the address behind its link to download the specification.",
            )
        return self._best(found)

    def _find_in_scripts(self, scripts: list[str]) -> list[Found]:
        """Return the candidates in the scripts that a page loads."""
        found: list[Found] = []
        for address in scripts[:5]:
            try:
                script = self._get(address)
            except UpstreamError as error:
                self._script_problems.append(f"{address}: {error.message}")
                continue
            # What a script names is relative to the page, not to the script.
            base = self._page_of(address)
            found += [
                attrs.evolve(one, address=join(base, one.address)) if one.address else one
                for one in found_in_script(script.text, address)
            ]
        return found

    def _page_of(self, script: str) -> str:
        here, there = _parts(self._source), _parts(script)
        return self._source if here.netloc == there.netloc else script

    def _best(self, found: list[Found]) -> Upstream:
        """Return the best of the candidates."""
        read: dict[str, Upstream] = {}
        problems = list(self._script_problems)
        for one in found[:10]:
            key = one.address or f"inline {len(read)}"
            if key in read or (read and (self._rank is None or one.weak)):
                continue
            try:
                for upstream in self._read_candidate(one):
                    read[upstream.address + upstream.how] = upstream
            except UpstreamError as error:
                problems.append(f"{one.how}: {error.message}")
        if not read:
            raise UpstreamError(
                f"{self._source} names a specification that cannot be read: {'; '.join(problems)}"
            )
        rank = self._rank
        return (
            max(read.values(), key=lambda u: rank(u.document))
            if rank
            else next(iter(read.values()))
        )

    def _read_candidate(self, found: Found, *, follow: bool = True) -> list[Upstream]:
        if found.address is None:
            return [self._checked(found.document, self._source, found.how)]
        got = self._get(found.address)
        if _is_html(got.text):
            raise UpstreamError(f"{got.address} is a page, not a specification.")
        value = got.loaded()
        if _is_spec(value) or not follow:
            return [self._checked(value, got.address, found.how)]
        candidates = _addresses(value, got.address)
        if not candidates:
            return [self._checked(value, got.address, found.how)]
        return [up for one in candidates[:10] for up in self._read_candidate(one, follow=False)]

    def _checked(self, value: Any, address: str, how: str) -> Upstream:
        with reporting_invalid(address):
            unresolved = drop_unresolved(value)
            if isinstance(value, dict) and str(value.get("swagger", "")).startswith("2"):
                version, value = str(value["swagger"]), convert(value)
            else:
                version = str(value.get("openapi", "")) if isinstance(value, dict) else ""
            return Upstream(check(value, address), address, how, version, unresolved)

    def _get(self, address: str) -> _Text:
        self._requests += 1
        if self._requests > self._limits.requests:
            raise UpstreamError(
                f"{self._source} leads to more than {self._limits.requests} documents."
            )
        if _parts(address).scheme in ("http", "https"):
            return self._fetch(address)
        if _parts(self._source).scheme in ("http", "https"):
            raise UpstreamError(
                f"{self._source} names an address that is not fetched: {address:.200}"
            )
        return self._open(address)

    def _fetch(self, address: str) -> _Text:
        for _ in range(5):
            headers = {"accept": _ASKED, "accept-encoding": "gzip, deflate"}
            if _origin(address) == _origin(self._source):
                headers |= self._headers
            left = self._until - time.monotonic()
            if left <= 0:
                raise UpstreamError(
                    f"{address} was not received within {self._limits.seconds:g} s."
                )
            try:
                response = fetch(
                    Request("GET", address, headers, None, left),
                    max_body=self._limits.size,
                    config=self._config,
                )
            except TransportFailure as failure:
                raise UpstreamUnreachable(f"{address} cannot be fetched: {failure}.") from None
            if response.status in _REDIRECTS and "location" in response.headers:
                address = join(address, response.headers["location"])
                continue
            if response.status != 200:
                raise _refused(address, response.status)
            if not response.complete:
                raise UpstreamError(f"{address} is truncated.")
            return _decoded(response.body, response.headers.get("content-type", ""), address)
        raise UpstreamError(f"{self._source} leads from one address to the next without an end.")

    def _open(self, address: str) -> _Text:
        parts = _parts(address)
        path = Path(unquote(parts.path) if parts.scheme == "file" else address)
        try:
            with path.expanduser().open("rb") as stream:
                body = stream.read(self._limits.size + 1)
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UpstreamError(f"{path} cannot be read: {reason}.") from error
        if len(body) > self._limits.size:
            raise UpstreamError(f"{path} is larger than {self._limits.size} bytes.")
        return _decoded(body, "", str(path))


def _refused(address: str, status: int) -> UpstreamError:
    hint = {
        401: "It requires authentication: pass a header such as Authorization.",
        403: "It denies access: pass a header with a token that may read it.",
        404: "Copy the address from the browser in which the docs are open.",
    }
    return UpstreamError(f"{address} returned HTTP {status}.", hint=hint.get(status, ""))


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:
        raise UpstreamError(f"{address:.200} is not an address: {error}.") from None


def _origin(address: str) -> tuple[str, str]:
    parts = _parts(address)
    return parts.scheme, parts.netloc.lower()


def _decoded(body: bytes, content_type: str, address: str) -> _Text:
    found = _CHARSET.search(content_type)
    names = [found[1]] if found else []
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        names.insert(0, "utf-16")
    for name in (*names, "utf-8-sig"):
        try:
            return _Text(body.decode(name), address)
        except (LookupError, ValueError):
            continue
    return _Text(body.decode("utf-8", "replace"), address, damaged=True)


def _is_html(text: str) -> bool:
    """Tell whether a text is a page, whatever its sender calls it."""
    start = text[:2000].lstrip("\ufeff \t\r\n").lower()
    return start.startswith("<") and (
        "<!doctype html" in start or "<html" in start or "<" in start[1:]
    )


def _is_spec(value: Any) -> bool:
    return isinstance(value, dict) and bool({"openapi", "swagger"} & value.keys())


def _addresses(value: Any, base: str) -> list[Found]:
    """Return what a Swagger UI configuration (``{url}`` or ``{urls: [{url, name}]}``) points to."""
    listed = value.get("urls") if isinstance(value, dict) else value
    entries = listed if isinstance(listed, list) else []
    entries = [*entries, value] if isinstance(value, dict) else entries
    return [
        Found("url of a Swagger UI configuration", join(base, entry["url"]))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("url"), str)
    ]
