"""Parse JSON and YAML within bounds: documents from elsewhere may be malicious."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from .errors import UpstreamError
from .yaml import loader

MAX_NODES = 500_000
"""Maximum number of values of a document, with YAML aliases expanded."""
MAX_DEPTH = 100
MAX_LITERAL = 1 << 18
"""Maximum length of a JavaScript object literal that is not JSON; parsing those is slow."""


def load(text: str, name: str) -> Any:
    """Parse JSON or YAML.

    Raises:
        UpstreamError: It is neither, or exceeds the bounds.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return loads_json(text, name)
        except ValueError as error:
            if find_spec("yaml") is None:
                raise UpstreamError(f"{name} is not JSON: {error}") from None
    return _loads_yaml(text, name)


def loads_json(text: str, name: str) -> Any:
    """Parse JSON.

    Raises:
        UpstreamError: It is nested too deeply, or too large.
        ValueError: It is not JSON.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise UpstreamError(f"{name} is nested more than {MAX_DEPTH} deep.") from None
    _measure(value, name)
    return value


def loads_literal(text: str, start: int, name: str) -> Any:
    """Parse the JavaScript object literal at `start`; return None if there is none.

    Literals that are JSON are parsed as JSON; those with bare keys or single quotes as YAML, which
    allows both.
    """
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except RecursionError:
        raise UpstreamError(f"{name} is nested more than {MAX_DEPTH} deep.") from None
    except ValueError:
        literal = _balanced(text[start : start + MAX_LITERAL])
        if literal is None or find_spec("yaml") is None:
            return None
        try:
            return _loads_yaml(literal, name)
        except UpstreamError:
            return None
    _measure(value, name)
    return value


_MARK = re.compile(r"""[{}\[\]"'\\]""")


def _balanced(text: str) -> str | None:
    """Return a string up to the bracket that closes its first one."""
    depth, quote, skipped = 0, "", -1
    for match in _MARK.finditer(text):
        mark = match[0]
        if match.start() == skipped:
            continue
        if mark == "\\":
            skipped = match.end()
        elif mark in "\"'":
            if quote in ("", mark):
                quote = "" if quote else mark
        elif not quote:
            depth += 1 if mark in "{[" else -1
            if depth == 0:
                return text[: match.end()]
    return None


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _measure(root: Any, name: str) -> None:
    """Raise if a value is too large or too deep, without recursion."""
    level, count = [root], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_NODES:
            raise UpstreamError(f"{name} holds more than {MAX_NODES} values.")
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise UpstreamError(f"{name} is nested more than {MAX_DEPTH} deep.")


def _loads_yaml(text: str, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise UpstreamError(
            f"{name} is not JSON, and reading YAML needs PyYAML.",
            hint="pip install 'bytehouse-sdk[yaml]', or give the specification as JSON.",
        ) from None
    try:
        _check_yaml(text, name)
        return json.loads(json.dumps(yaml.load(text, loader()), default=str))  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise UpstreamError(f"{name} is neither JSON nor YAML: {reason}") from None


def _check_yaml(text: str, name: str) -> None:
    """Count the values of YAML from its events, before building any."""
    import yaml

    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, loader()):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise UpstreamError(f"{name} has the YAML alias *{event.anchor} inside of itself.")
            total += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
        if total > MAX_NODES:
            raise UpstreamError(f"{name} holds more than {MAX_NODES} values, aliases counted.")
        if len(open_) > MAX_DEPTH:
            raise UpstreamError(f"{name} is nested more than {MAX_DEPTH} deep.")
