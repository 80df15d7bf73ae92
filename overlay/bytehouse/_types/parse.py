"""Parse column types, so that two spellings of one type compare equal."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

import attrs

__all__ = ["ColumnType", "enum_members", "holds_every_value", "parse_type", "tokens", "unquoted"]

_TOKEN = re.compile(
    # What is not closed extends to the end, so that each character is looked at once.
    r"'(?:[^'\\]|\\.|'')*+(?:'|\Z)|`(?:[^`\\]|\\.)*+(?:`|\Z)"
    r"|\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|[\w.+-]+|\S"
)
_MAX_DEPTH = 50  # of types inside each other; each is some calls deep wherever a type is used
_INTEGER = re.compile(r"-?[0-9]{1,9}")
# Case-insensitive aliases of each type.
_ALIASES = {
    "Bool": "boolean",
    "Int8": "byte, tinyint, int1, tinyint signed, int1 signed",
    "Int16": "smallint, smallint signed",
    "Int32": "int, integer, mediumint, int signed, integer signed, mediumint signed",
    "Int64": "bigint, signed, bigint signed",
    "UInt8": "tinyint unsigned, int1 unsigned",
    "UInt16": "smallint unsigned, year",
    "UInt32": "int unsigned, integer unsigned, mediumint unsigned",
    "UInt64": "bigint unsigned, unsigned, bit, set",
    "Float32": "float, real, single",
    "Float64": "double, double precision",
    "Decimal": "dec, numeric, fixed",
    "DateTime": "timestamp, datetime32",
    "FixedString": "binary",
    "String": "varchar, varchar2, char, character, nchar, nvarchar, text, tinytext, mediumtext, "
    "longtext, clob, blob, tinyblob, mediumblob, longblob, bytea, varbinary, char varying, "
    "character varying, national char, national character, binary varying",
    "IPv4": "inet4",
    "IPv6": "inet6",
}
_WITHOUT_ALIASES = """
    Array Date Date32 DateTime64 Decimal32 Decimal64 Decimal128 Decimal256 Enum Enum8 Enum16 Int128
    Int256 JSON LowCardinality Map Nested Nullable Tuple UInt128 UInt256 UUID
"""
_NAMES = {name.lower(): name for name in (*_ALIASES, *_WITHOUT_ALIASES.split())} | {
    spelling: name for name, spellings in _ALIASES.items() for spelling in spellings.split(", ")
}
_DIGITS = {"Decimal32": "9", "Decimal64": "18", "Decimal128": "38", "Decimal256": "76"}
_NUMBER = re.compile(r"(U?)Int(\d+)|Float(\d+)")
_COMPOSITE = ("Array", "Map", "Tuple", "Nested")


@attrs.frozen
class ColumnType:
    """A type in its canonical spelling.

    Attributes:
        name: Name of the type, or an argument that is not a type: a number, a string, ``'a' = 1``.
        arguments: Its arguments in parentheses.
        label: Name of the element, inside a named tuple.
    """

    name: str
    arguments: tuple[ColumnType, ...] = ()
    label: str = ""

    def __str__(self) -> str:
        inside = f"({', '.join(map(str, self.arguments))})" if self.arguments else ""
        return f"{self.label} {self.name}{inside}".lstrip()


def tokens(text: str) -> list[str]:
    """Split SQL into words, quoted strings and symbols."""
    return _TOKEN.findall(text)


def parse_type(text: str, nullable: bool | None = None) -> tuple[ColumnType, bool | None]:
    """Return a type without its `Nullable`, and whether NULL is a value of it.

    Args:
        text: The type.
        nullable: Nullability given separately; None if unknown. A `Nullable` in the type wins.
    """
    words = deque(tokens(text))
    found = _parse(words)
    if words:  # its parentheses do not match: keep it as it is
        found = ColumnType(" ".join(tokens(text)))
    if found.name == "Nullable" and len(found.arguments) == 1:
        return found.arguments[0], True
    if found.name == "LowCardinality" and found.arguments:
        inner = found.arguments[0]
        if inner.name == "Nullable" and len(inner.arguments) == 1:
            return attrs.evolve(found, arguments=inner.arguments), True
    # The engine has no Nullable of these, whatever is given separately.
    return found, False if found.name in _COMPOSITE else nullable


def _parse(words: deque[str], outer: str = "", depth: int = 0) -> ColumnType:
    """Consume one type from the words; a word is left over if its parentheses do not match."""
    head: list[str] = []
    while words and words[0] not in ("(", ")", ","):
        head.append(words.popleft())
    label = ""
    if outer in ("Tuple", "Nested") and len(head) > 1 and " ".join(head).lower() not in _NAMES:
        label = head.pop(0)
        label = label[1:-1] if re.fullmatch(r"[`\"]\w+[`\"]", label) else label
    spelled = " ".join(head)
    name = _NAMES.get(spelled.lower(), spelled)
    arguments: list[ColumnType] = []
    if words and words[0] == "(":
        if depth == _MAX_DEPTH:
            words.clear()  # as if a parenthesis were missing
        else:
            words.popleft()
        while words and words[0] != ")":
            arguments.append(_parse(words, name, depth + 1))
            if words and words[0] == ",":
                words.popleft()
        if not words:
            words.append("")
            return ColumnType(name)
        words.popleft()
    return attrs.evolve(_with_defaults(name, arguments), label=label)


def _with_defaults(name: str, arguments: list[ColumnType]) -> ColumnType:
    """Fill in the defaults of a type."""
    if name == "String" or _NUMBER.fullmatch(name):
        arguments = []  # a length, which the engine ignores
    elif name == "Decimal":
        arguments = (arguments or [ColumnType("10")]) + [ColumnType("0")] * (len(arguments) < 2)
    elif name in _DIGITS:
        name, arguments = "Decimal", [ColumnType(_DIGITS[name]), *arguments]
    elif name in ("DateTime64", "Time64"):
        arguments = arguments or [ColumnType("3")]
    elif name in ("Enum", "Enum8", "Enum16"):
        numbered = _enum_members(arguments)
        wide = any(not -128 <= number < 128 for number in numbered.values())
        name = ("Enum16" if wide else "Enum8") if name == "Enum" else name
        arguments = [ColumnType(f"{text} = {number}") for text, number in numbered.items()]
    return ColumnType(name, tuple(arguments))


def _enum_members(members: Iterable[ColumnType]) -> dict[str, int]:
    """Return the members of an enum by number; one without gets the number after the previous."""
    found: dict[str, int] = {}
    last = 0
    for member in members:
        text, _, number = member.name.rpartition(" = ")
        last = int(number) if text and _INTEGER.fullmatch(number) else last + 1
        found[text or member.name] = last
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def enum_members(kind: ColumnType) -> dict[str, int]:
    """Return the numbers of a parsed enum's members by name."""
    found = {}
    for member in kind.arguments:
        text, _, number = member.name.rpartition(" = ")
        found[unquoted(text)] = int(number)
    return found


_ESCAPED = re.compile(r"\\(x[\dA-Fa-f]{2}|.)|''", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def unquoted(text: str) -> str:
    """Return the content of a string in single quotes; bytes that are not UTF-8 as surrogates."""

    def char(found: re.Match[str]) -> str:
        code = found[1]
        if code is None:
            return "'"
        if len(code) == 1:
            return _CONTROL.get(code, code)
        return bytes([int(code[1:], 16)]).decode("utf-8", "surrogateescape")

    content = _ESCAPED.sub(char, text[1:-1])
    # Several escaped bytes may be one character.
    return content if content.isascii() else _encoded(content).decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def holds_every_value(wider: ColumnType, narrower: ColumnType) -> bool:
    """Return whether a type certainly includes every value of another: a change loses nothing."""
    if wider == narrower:
        return True
    if wider.label != narrower.label:
        return False
    wider, narrower = _without_storage(wider), _without_storage(narrower)
    match wider.name, narrower.name:
        case ("Nullable" | "Array" | "Map" | "Tuple") as name, other if name == other:
            return len(wider.arguments) == len(narrower.arguments) and all(
                map(holds_every_value, wider.arguments, narrower.arguments)
            )
        case "Nullable", _:
            return bool(wider.arguments) and holds_every_value(wider.arguments[0], narrower)
        case "String", other:
            return other not in ("Nullable", *_COMPOSITE)
        case _:
            return wider == narrower or _holds_scalars(wider, narrower)


def _without_storage(kind: ColumnType) -> ColumnType:
    """Return a type without its label and its storage encoding (LowCardinality)."""
    if kind.name == "LowCardinality" and kind.arguments:
        return kind.arguments[0]
    return attrs.evolve(kind, label="")


def _holds_scalars(wider: ColumnType, narrower: ColumnType) -> bool:
    match wider.name, narrower.name:
        case "Decimal", "Decimal":
            (precision, scale), (before, scale_before) = _two_numbers(wider), _two_numbers(narrower)
            return scale >= scale_before and precision - scale >= before - scale_before
        case ("DateTime" | "DateTime64", "DateTime") | ("Date32", "Date") | ("IPv6", "IPv4"):
            return True
        case (("Enum8" | "Enum16"), ("Enum8" | "Enum16")):
            return set(narrower.arguments) <= set(wider.arguments)
        case "DateTime64", "DateTime64":
            # With nanoseconds, the range has fewer years.
            (scale, _), (scale_before, _) = _two_numbers(wider), _two_numbers(narrower)
            return scale_before <= scale and (scale < 9 or scale_before == 9)
        case _:
            return _holds_numbers(wider.name, narrower.name)


def _two_numbers(kind: ColumnType) -> tuple[int, int]:
    found = [number_in(argument) for argument in kind.arguments] + [0, 0]
    return found[0], found[1]


def number_in(argument: ColumnType) -> int:
    """Return an argument that is a whole number; 0 for any other."""
    return int(argument.name) if _INTEGER.fullmatch(argument.name) else 0


def _holds_numbers(wider: str, narrower: str) -> bool:
    new = _NUMBER.fullmatch(wider)
    old = _NUMBER.fullmatch("UInt8" if narrower == "Bool" else narrower)
    if new is None or old is None:
        return False
    if new[3]:
        # A float is exact for integers up to the length of its mantissa.
        room = 53 if new[3] == "64" else 24
        return int(old[3]) <= int(new[3]) if old[3] else int(old[2]) <= room
    if old[3] or (new[1] and not old[1]):
        return False
    return int(new[2]) >= int(old[2]) + (old[1] == "U" and not new[1])
