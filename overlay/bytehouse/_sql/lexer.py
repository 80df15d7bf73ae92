"""Split SQL into statements and tokens, without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from .parameters import SKIPPED

__all__ = ["READS", "Statement", "only_reads", "statements"]

READS = frozenset("SELECT WITH SHOW DESCRIBE DESC EXPLAIN EXISTS (".split())
"""What the statements begin with that change nothing and return rows."""
_TOKEN = re.compile(rf"{SKIPPED} | \S", re.VERBOSE | re.DOTALL)


@attrs.frozen
class Statement:
    """One statement of a text.

    Attributes:
        tokens: Its tokens, where they are in the text; comments are none.
    """

    tokens: Sequence[re.Match[str]]

    @property
    def words(self) -> list[str]:
        """The tokens in upper case; quoted ones have their quotes."""
        return [token[0].upper() for token in self.tokens]

    @property
    def outer_words(self) -> list[str]:
        """The words, each within brackets empty."""
        depth, words = 0, []
        for word in self.words:
            depth -= word in ")]}"
            words.append("" if depth else word)
            depth += word in "([{"
        return words

    @property
    def begin(self) -> int:
        """Where it begins in the text."""
        return self.tokens[0].start()

    @property
    def end(self) -> int:
        """Where it ends in the text, without the semicolon."""
        return self.tokens[-1].end()


def statements(sql: str) -> Iterator[Statement]:
    """Yield the statements of a text; what is empty between two semicolons is none."""
    tokens: list[re.Match[str]] = []
    for found in _TOKEN.finditer(sql):
        if found[0] == ";":
            if tokens:
                yield Statement(tokens)
            tokens = []
        elif not found[0].startswith(("--", "#", "/*")):
            tokens.append(found)
    if tokens:
        yield Statement(tokens)


def only_reads(sql: str) -> bool:
    """Return whether statements change nothing that lasts, and at least one returns rows."""
    first = [statement.words[0] for statement in statements(sql)]
    return (
        not READS.isdisjoint(first)
        and {*first} <= READS | {"USE", "SET"}
        and not ("WITH" in first and re.search(r"\binsert\b", sql, re.IGNORECASE))
    )
