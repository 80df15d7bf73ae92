"""Find a specification in a docs page: the forms of Redoc, Swagger UI and similar tools.

Scripts are not executed, but searched for the few calls and variables that start these tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Any
from urllib.parse import urljoin

import attrs

from .parsing import loads_literal

LOOKED_FOR = (
    "an element with spec-url, Redoc.init(...), __redoc_state, __redoc_definition, "
    "SwaggerUIBundle({url | urls | spec | configUrl}), swagger-initializer.js, swaggerDoc, "
    "a link to download the specification"
)


@attrs.frozen
class Found:
    """A candidate for the specification: its address, or the document itself."""

    how: str
    address: str | None = None
    document: Any = attrs.field(default=None, repr=False)
    weak: bool = False
    """Whether it may be something else, and is only tried if there is no other."""


# Not html.parser: it takes hours for malicious pages. No part of this pattern can match a `<`, so
# no character is scanned twice.
_TOKEN = re.compile(r"<!--|<([A-Za-z][\w-]*)([^<>]{0,5000})>")
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


class Page:
    """The parts of a page that matter here."""

    def __init__(self, html: str) -> None:
        self.base: str | None = None
        self.found: list[Found] = []
        self.scripts: list[str] = []
        self.sources: list[str] = []
        position = 0
        while token := _TOKEN.search(html, position):
            position = token.end()
            if token[1] is None:
                position = self._after(html, "-->", position)
                continue
            tag, attributes = token[1].lower(), _attributes(token[2])
            self._element(tag, attributes)
            if tag == "script":
                begin, position = position, self._after(html, "</script", position)
                self.scripts.append(html[begin:position].removesuffix("</script"))

    @staticmethod
    def _after(html: str, mark: str, start: int) -> int:
        found = html.find(mark, start)
        return len(html) if found < 0 else found + len(mark)

    def _element(self, tag: str, attributes: dict[str, str]) -> None:
        for name in ("spec-url", "specurl", "data-url", "apidescriptionurl"):
            if attributes.get(name) and (name != "data-url" or tag == "script"):
                self.found.append(Found(f"<{tag} {name}>", attributes[name]))
        if tag == "base" and self.base is None:
            self.base = attributes.get("href")
        if tag == "a" and _is_download(attributes.get("href", "")):
            self.found.append(Found("the link to download it", attributes["href"], weak=True))
        if tag == "script" and attributes.get("src"):
            self.sources.append(attributes["src"])


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(text)
    }


def _is_download(address: str) -> bool:
    path = address.partition("?")[0].partition("#")[0].lower()
    return path.endswith((".json", ".yaml", ".yml"))


_STRING = r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)"""
_ASSIGNED = re.compile(
    r"""(__redoc_state|__redoc_definition|["']?\b(?:swaggerDoc|spec)\b["']?)\s*[=:]\s*(?=\{|JSON)"""
)
_LITERAL = re.compile(_STRING)
_PARSE = re.compile(rf"JSON\.parse\(\s*{_STRING}")
_INIT = re.compile(r"\bRedoc\.init\(\s*")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NAMED = re.compile(r"""["']?\b(?:spec|definition)\b["']?\s*:\s*([A-Za-z_$][\w$]*)""")
_URL = re.compile(
    rf"""["']?\b(url|configUrl|specUrl|swaggerUrl|apiDescriptionUrl)\b["']?\s*[:=]\s*{_STRING}"""
)
_STARTS = re.compile(r"SwaggerUIBundle|SwaggerUi|SwaggerUI|Redoc|swaggerDoc|RapiDoc|initOAuth")
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def _string(literal: str) -> str:
    """Return the value of a JavaScript string literal."""

    def unescaped(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] in "ux" and len(escape) > 1:
            return chr(min(int(escape[1:].strip("{}"), 16), 0x10FFFF))
        return _CONTROL.get(escape, escape.strip("\r\n"))

    text = _ESCAPE.sub(unescaped, literal[1:-1])
    # A pair of escaped surrogates is one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def found_in_script(text: str, name: str) -> Iterator[Found]:
    """Yield the specifications that a script contains or refers to."""
    for match in _first(_INIT, text):
        yield from _value(text, match.end(), "Redoc.init", name)
    for match in _first(_ASSIGNED, text):
        yield from _value(text, match.end(), match[1].strip("\"'"), name)
    for match in _first(_NAMED, text):
        yield from _variable(text, match[1], name)
    if _STARTS.search(text):
        for match in _first(_URL, text):
            yield Found(match[1], _string(match[2]))


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the first matches; a page has one, and each may cost a scan of all that follows."""
    return islice(pattern.finditer(text), 20)


def _value(text: str, start: int, how: str, name: str, *, follow: bool = True) -> Iterator[Found]:
    """Yield a value in a script: an address, an object, or a variable with either."""
    if literal := _LITERAL.match(text, start):
        yield Found(how, _string(literal[1]))
    elif text.startswith("{", start):
        if (document := _spec_of(loads_literal(text, start, name))) is not None:
            yield Found(how, document=document)
    elif call := _PARSE.match(text, start):
        if (document := _spec_of(loads_literal(_string(call[1]), 0, name))) is not None:
            yield Found(how, document=document)
    elif follow and (variable := _NAME.match(text, start)):
        yield from _variable(text, variable[0], name)


def _variable(text: str, variable: str, name: str) -> Iterator[Found]:
    """Yield the specification that a variable is set to."""
    pattern = re.compile(rf"(?<![\w$.]){re.escape(variable)}\s*=(?!=)\s*")
    for match in _first(pattern, text):
        yield from _value(text, match.end(), variable, name, follow=False)


def _spec_of(value: Any) -> dict[str, Any] | None:
    """Return the specification that an object is or contains."""
    for keys in (
        (),
        ("spec", "data"),
        ("definition", "data"),
        ("data",),
        ("spec",),
        ("swaggerDoc",),
    ):
        inner = value
        for key in keys:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and ("openapi" in inner or "swagger" in inner):
            return inner
    return None


def specs_in(html: str, address: str) -> tuple[list[Found], list[str]]:
    """Return the candidates of a page, best first, and the scripts that may have more.

    All addresses are absolute.
    """
    page = Page(html)
    base = urljoin(address, page.base) if page.base else address
    found = list(page.found)
    for script in page.scripts:
        found += found_in_script(script, f"a script of {address}")
    candidates = [
        attrs.evolve(one, address=urljoin(base, one.address)) if one.address else one
        for one in sorted(found, key=lambda one: (one.document is None, one.weak))
    ]
    scripts = [urljoin(base, source) for source in page.sources if _may_start(source)]
    return candidates, scripts


def _may_start(source: str) -> bool:
    """Return whether a script may start the page, rather than be a library."""
    name = source.partition("?")[0].rpartition("/")[2].lower()
    library = ("bundle", "standalone", "preset", "jquery", "polyfill", ".min.js")
    return name.endswith(".js") and not any(word in name for word in library)
