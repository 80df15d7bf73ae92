"""Find a specification in a docs page: the forms of Redoc and Swagger UI, and what is like them.

Nothing of a page is run; its scripts are looked through for the few calls and variables that these
tools are started with.
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

__all__ = ["LOOKED_FOR", "Found", "Page", "found_in_script", "specs_in"]

LOOKED_FOR = (
    "an element with spec-url, Redoc.init(...), __redoc_state, __redoc_definition, "
    "SwaggerUIBundle({url | urls | spec | configUrl}), swagger-initializer.js, swaggerDoc, "
    "a link to download the specification"
)


@attrs.frozen
class Found:
    """Hold one place where a specification is: an address, or the document itself."""

    how: str
    address: str | None = None
    document: Any = attrs.field(default=None, repr=False)
    weak: bool = False
    """Whether it may be something else, and so is only tried when nothing better is there."""


# No parser of HTML: the standard one takes hours for pages made to keep it busy. Neither part of
# this pattern can take up a `<`, so no character is looked at twice.
_TOKEN = re.compile(r"<!--|<([A-Za-z][\w-]*)([^<>]{0,5000})>")
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


class Page:
    """Gather what matters of a page."""

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
            tag, given = token[1].lower(), _attributes(token[2])
            self._element(tag, given)
            if tag == "script":
                begin, position = position, self._after(html, "</script", position)
                self.scripts.append(html[begin:position].removesuffix("</script"))

    @staticmethod
    def _after(html: str, mark: str, start: int) -> int:
        found = html.find(mark, start)
        return len(html) if found < 0 else found + len(mark)

    def _element(self, tag: str, given: dict[str, str]) -> None:
        for name in ("spec-url", "specurl", "data-url", "apidescriptionurl"):
            if given.get(name) and (name != "data-url" or tag == "script"):
                self.found.append(Found(f"<{tag} {name}>", given[name]))
        if tag == "base" and self.base is None:
            self.base = given.get("href")
        if tag == "a" and _is_download(given.get("href", "")):
            self.found.append(Found("the link to download it", given["href"], weak=True))
        if tag == "script" and given.get("src"):
            self.sources.append(given["src"])


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
    """Return the text of a JavaScript string literal."""

    def unescaped(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] in "ux" and len(escape) > 1:
            return chr(min(int(escape[1:].strip("{}"), 16), 0x10FFFF))
        return _CONTROL.get(escape, escape.strip("\r\n"))

    text = _ESCAPE.sub(unescaped, literal[1:-1])
    # A pair of surrogates, each escaped, stands for one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def found_in_script(text: str, name: str) -> Iterator[Found]:
    """Yield the specifications that a script has or names."""
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
    """Yield the first matches; a page has one, and each may cost a reading of all that follows."""
    return islice(pattern.finditer(text), 20)


def _value(text: str, start: int, how: str, name: str, *, follow: bool = True) -> Iterator[Found]:
    """Yield what stands in a script: an address, an object, or a variable that holds either."""
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
    """Return the specification that an object is or holds."""
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
    """Return where a page has its specification, best first, and the scripts that may tell more.

    All addresses are made absolute.
    """
    page = Page(html)
    base = urljoin(address, page.base) if page.base else address
    found = list(page.found)
    for script in page.scripts:
        found += found_in_script(script, f"a script of {address}")
    placed = [
        attrs.evolve(one, address=urljoin(base, one.address)) if one.address else one
        for one in sorted(found, key=lambda one: (one.document is None, one.weak))
    ]
    scripts = [urljoin(base, source) for source in page.sources if _may_start(source)]
    return placed, scripts


def _may_start(source: str) -> bool:
    """Tell whether a script may be the one that starts the page, and not a library."""
    name = source.partition("?")[0].rpartition("/")[2].lower()
    library = ("bundle", "standalone", "preset", "jquery", "polyfill", ".min.js")
    return name.endswith(".js") and not any(word in name for word in library)
