"""Cut SQL text into tokens and statements, without parsing it.

The engine is the only parser. What is needed before it is to know where a statement ends and which
words are keywords, and for that strings, quoted identifiers and comments must be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Kind = Literal["word", "quoted", "string", "number", "symbol", "data"]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]* | \#[!\s][^\n]*)
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
# The rows of an INSERT are passed over in one go: they can be millions of tokens, and none matters.
_ROWS: Final = re.compile(
    r"""(?: [^'"`;/\-\#$]++ | '(?:[^'\\]++|\\.|'')*+(?:'|\Z) | `(?:[^`\\]++|\\.|``)*+(?:`|\Z)
          | "(?:[^"\\]++|\\.|"")*+(?:"|\Z) | -(?!-) | /(?!\*) )*+""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_ESCAPED: Final = re.compile(r"\\(.)|``|\"\"", re.DOTALL)
_LITERAL: Final = re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_CONTROL: Final = dict(zip("bfnrt0", "\b\f\n\r\t\0", strict=True))
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


class Token(NamedTuple):
    """A piece of SQL that means something, and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        """Answer with the keyword this may be, in upper case; empty for anything quoted."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """Answer with the identifier this may be, unquoted; empty for anything else."""
        if self.kind == "word":
            return self.text
        if self.kind == "quoted":
            return _ESCAPED.sub(lambda m: m.group(1) or m.group(0)[0], self.text[1:-1])
        return ""


@dataclass(slots=True)
class Statement:
    """One statement: its text, and the tokens of it (positions count from its own start)."""

    text: str
    tokens: list[Token] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        """Answer with the first keywords, enough to tell its kind."""
        return tuple(token.word for token in self.tokens[:6])

    @property
    def returns_rows(self) -> bool:
        """Tell whether it is a SELECT, which alone can be streamed and limited."""
        for token in self.tokens:
            if token.text != "(":
                break
        else:
            return False
        if token.word == "WITH":
            return not any(t.word == "INSERT" and t.depth == 0 for t in self.tokens)
        return token.word == "SELECT"


def split(text: str) -> list[Statement]:
    """Cut text into its statements; the empty ones between semicolons are left out."""
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
    """Cut text into tokens, rows of an INSERT included."""
    return list(_tokens(text, 0))


def quote_identifier(name: str) -> str:
    """Write a name so that the engine takes it for nothing but a name."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_string(value: str) -> str:
    """Write a text so that the engine takes it for nothing but a text."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def text_of(expression: str) -> str | None:
    """Answer with the text that an expression is, as the engine writes it; None if it is none."""
    literal = _LITERAL.fullmatch(expression)
    return literal and _ESCAPE.sub(lambda m: _CONTROL.get(m[1], m[1]), literal[1])


def parts(found: Sequence[Token], depth: int) -> list[list[Token]]:
    """Cut tokens at the commas of one depth."""
    pieces: list[list[Token]] = [[]]
    for token in found:
        if token.text == "," and token.kind == "symbol" and token.depth == depth:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [piece for piece in pieces if piece]


def _tokens(text: str, position: int) -> Iterator[Token]:
    depth = 0
    while match := _TOKEN.match(text, position):
        kind, position = match.lastgroup, match.end()
        if kind == "comment":
            position = _end_of_comment(text, position)
        elif kind != "space":
            piece = match.group()
            if kind == "symbol" and piece in _CLOSING:
                depth -= 1
            yield Token(_kind(kind), piece, match.start(), position, depth)
            if kind == "symbol" and piece in _OPENING:
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
    """Take what follows VALUES, or FORMAT and its name, in an INSERT for one token of data."""
    if len(current) < 3 or current[0].word != "INSERT" or current[-1].depth:
        return None
    start = current[-1].end
    if current[-1].word == "VALUES":
        match = _ROWS.match(text, start)
        end = match.end() if match else start
    elif current[-2].word == "FORMAT" and current[-1].kind == "word":
        end = len(text)
    else:
        return None
    return Token("data", text[start:end], start, end, 0) if end > start else None


def _finish(text: str, found: list[Token], statements: list[Statement]) -> None:
    if found:
        start, end = found[0].start, found[-1].end
        moved = [t._replace(start=t.start - start, end=t.end - start) for t in found]
        statements.append(Statement(text[start:end], moved))
