"""Split SQL into tokens and statements, without parsing it.

The engine is the only parser. Before it, only the ends of statements and the keywords need to be
known, and for that strings, quoted identifiers and comments must be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Kind = Literal["word", "quoted", "string", "number", "symbol", "data"]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[\s\ufeff]+ | --[^\n]* | \#[!\s][^\n]*)
    | (?P<comment>/\*)
    | (?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<string>'(?:[^'\\]++|\\.|'')*+(?:'|\Z))
    | (?P<quoted>`(?:[^`\\]++|\\.|``)*+(?:`|\Z) | "(?:[^"\\]++|\\.|"")*+(?:"|\Z))
    | (?P<number>\d\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# The rows of an INSERT are skipped at once: they can be millions of tokens, and none matters.
_ROWS: Final = re.compile(
    r"""(?: [^'"`;/\-\#$]++ | '(?:[^'\\]++|\\.|'')*+(?:'|\Z) | `(?:[^`\\]++|\\.|``)*+(?:`|\Z)
          | "(?:[^"\\]++|\\.|"")*+(?:"|\Z) | -(?!-) | /(?!\*) )*+""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)
_ESCAPED: Final = re.compile(_ESCAPE.pattern + r'|``|""', re.DOTALL)
_LITERAL: Final = re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_CONTROL: Final = dict(zip("bfnrt0", "\b\f\n\r\t\0", strict=True))
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


class Token(NamedTuple):
    """A token, its position, and how many brackets it is within."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        """The keyword this may be, in upper case; empty for anything quoted."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier this may be, unquoted; empty for anything else."""
        if self.kind == "word":
            return self.text
        if self.kind == "quoted":
            return _ESCAPED.sub(_unescaped, self.text[1:-1])
        return ""


@dataclass(slots=True)
class Statement:
    """One statement and its tokens, whose positions count from its own start."""

    text: str
    tokens: list[Token] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        """The first keywords, enough to tell its kind."""
        return tuple(token.word for token in self.tokens[:6])

    @property
    def returns_rows(self) -> bool:
        """Whether it is a SELECT, which alone can be streamed and limited."""
        for token in self.tokens:
            if token.text != "(":
                break
        else:
            return False
        return token.word == "SELECT" or (token.word == "WITH" and not is_insert(self.tokens))


def is_insert(found: Sequence[Token]) -> bool:
    """Return whether a statement is an INSERT, which may begin with WITH."""
    if found[0].word == "WITH":
        # Not so a name: WITH 1 AS insert SELECT insert.
        return any(
            token.word == "INSERT" and token.depth == 0 and after.word in {"INTO", "OVERWRITE"}
            for token, after in pairwise(found)
        )
    return found[0].word == "INSERT"


def split(text: str) -> list[Statement]:
    """Split text into its statements, leaving out the empty ones between semicolons."""
    statements: list[Statement] = []
    current: list[Token] = []
    position = 0
    while position < len(text):
        for token in _tokens(text, position):
            position = token.end
            if token.text == ";" and token.kind == "symbol":
                _finish(text, current, statements)
                current = []
            else:
                current.append(token)
            if data := _data_after(text, current):
                current.append(data)
                position = data.end
                break
        else:
            break
    _finish(text, current, statements)
    return statements


def tokens(text: str) -> list[Token]:
    """Split text into tokens, rows of an INSERT included."""
    return list(_tokens(text, 0))


def quote_identifier(name: str) -> str:
    """Quote a name so that the engine reads it as nothing but a name."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def full_name(database: str, name: str) -> str:
    """Quote the name of a table together with that of its database."""
    return f"{quote_identifier(database.lower())}.{quote_identifier(name)}"


def quote_string(value: str) -> str:
    """Quote a string so that the engine reads it as nothing but a string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def string_value(expression: str) -> str | None:
    """Return the value of a string literal as the engine writes it; None for anything else."""
    literal = _LITERAL.fullmatch(expression)
    return literal and _ESCAPE.sub(_unescaped, literal[1])


def split_at_commas(found: Sequence[Token], depth: int) -> list[list[Token]]:
    """Split tokens at the commas of one depth."""
    parts: list[list[Token]] = [[]]
    for token in found:
        if token.text == "," and token.kind == "symbol" and token.depth == depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _CONTROL.get(match[2], match[2]) if match[2] else match[0][0]


def _tokens(text: str, position: int) -> Iterator[Token]:
    depth = 0
    while match := _TOKEN.match(text, position):
        kind, position = match.lastgroup, match.end()
        if kind == "comment":
            position = _end_of_comment(text, position)
        elif kind != "space":
            found = match.group()
            if kind == "symbol" and found in _CLOSING:
                depth -= 1
            yield Token(_kind(kind), found, match.start(), position, depth)
            if kind == "symbol" and found in _OPENING:
                depth += 1


def _kind(group: str | None) -> Kind:
    match group:
        case "word" | "quoted" | "string" | "number":
            return group
        case "heredoc" | "tag":
            return "string"
        case _:
            return "symbol"


def _end_of_comment(text: str, position: int) -> int:
    level = 1
    while level and (edge := _COMMENT_EDGE.search(text, position)):
        level += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return len(text) if level else position


def _data_after(text: str, current: Sequence[Token]) -> Token | None:
    """Return what follows VALUES, or FORMAT and its name, in an INSERT as one token of data."""
    if len(current) < 3 or current[-1].depth or current[0].word not in {"INSERT", "WITH"}:
        return None
    before = "FORMAT" if current[-1].kind == "word" and current[-2].word == "FORMAT" else ""
    if not (before or current[-1].word == "VALUES") or not is_insert(current):
        return None
    start = current[-1].end
    if current[-1].word == "VALUES":
        if any(token.word == "SELECT" and not token.depth for token in current):
            return None  # the table function, or a name
        match = _ROWS.match(text, start)
        end = match.end() if match else start
    else:
        end = len(text)
    return Token("data", text[start:end], start, end, 0) if end > start else None


def _finish(text: str, found: list[Token], statements: list[Statement]) -> None:
    if found:
        start, end = found[0].start, found[-1].end
        moved = [t._replace(start=t.start - start, end=t.end - start) for t in found]
        statements.append(Statement(text[start:end], moved))
