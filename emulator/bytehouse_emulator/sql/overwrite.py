"""Read INSERT OVERWRITE."""

from __future__ import annotations

from typing import NamedTuple

from bytehouse_emulator.errors import not_modelled, syntax_error
from bytehouse_emulator.sql.lexer import Statement, Token, full_name, split_at_commas


class Overwrite(NamedTuple):
    """An INSERT OVERWRITE.

    Attributes:
        names: Database, if it is named, and table.
        target: The table as it was written.
        rest: What follows the name and the partitions.
        partitions: Values of the partitions to replace; none for those of the new rows; None for
            all of the table.
    """

    names: tuple[str, ...]
    target: str
    rest: str
    partitions: tuple[str, ...] | None

    def beside(self, current: str, name: str) -> str:
        """Return the full name of a table beside the target."""
        return full_name(self.names[0] if len(self.names) > 1 else current, name)


def read_overwrite(statement: Statement) -> Overwrite | None:
    """Return what an INSERT OVERWRITE asks for; None for any other statement."""
    found, text = statement.tokens, statement.text
    words = [token.word for token in found[:4]]
    if words[:2] != ["INSERT", "OVERWRITE"]:
        return None
    start = 2 + (words[2:3] in (["TABLE"], ["INTO"]))
    start += start == 3 and words[3:4] == ["TABLE"]
    end = start + (3 if len(found) > start + 2 and found[start + 1].text == "." else 1)
    names = tuple(token.name for token in found[start:end] if token.name)
    if not names:
        raise syntax_error("INSERT OVERWRITE lacks its table.")
    target = text[found[start].start : found[end - 1].end]
    partitions: tuple[str, ...] | None = None
    if end < len(found) and found[end].word == "PARTITION":
        close = next((i for i in range(end + 2, len(found)) if found[i].depth == 0), 0)
        if not close:
            raise syntax_error("PARTITION ( lacks its end.")
        parts = split_at_commas(found[end + 2 : close], 1)
        partitions = tuple(text[part[0].start : part[-1].end] for part in parts)
        if partitions != ("*",) and not all(_is_value(token) for part in parts for token in part):
            raise not_modelled("Such a PARTITION", "PARTITION (value, ...) of literals is, or (*).")
        partitions = () if partitions == ("*",) else partitions
        end = close + 1
    rest = text[found[end - 1].end :]
    return Overwrite(names, target, rest, partitions)


def _is_value(token: Token) -> bool:
    """Return whether a token can only be of a literal, or of a tuple of such."""
    if token.kind == "symbol":
        return token.text in set("(),.-")
    return token.kind in {"number", "string"} or token.word in {"ID", "NULL", "TUPLE"}
