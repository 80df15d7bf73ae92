"""Read the clauses of CREATE TABLE, and turn those of ByteHouse into the engine's.

A statement is edited in place, never formatted anew, so whatever is not understood here reaches the
engine as it was written. The clauses that the engine does not know are kept as `Clauses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from bytehouse_emulator.errors import EmulatorError, invalid, not_modelled
from bytehouse_emulator.sql.lexer import Statement, Token, split_at_commas

_OBJECTS: Final = frozenset({"DICTIONARY", "TABLE", "VIEW"})
_HEADS: Final = {
    **dict.fromkeys(("PARTITION", "CLUSTER", "ORDER", "SAMPLE"), "BY"),
    **dict.fromkeys(("PRIMARY", "UNIQUE"), "KEY"),
    **dict.fromkeys(("ENGINE", "TTL", "SETTINGS", "COMMENT", "AS", "TO", "POPULATE", "EMPTY"), ""),
}
# Columns named in these cannot be NULL; an engine's argument is the version of a row.
_KEYS: Final = ("ENGINE", "ORDER", "PARTITION", "PRIMARY", "UNIQUE", "SAMPLE", "CLUSTER", "TTL")
_AFTER_TYPE: Final = frozenset(
    "ALIAS CODEC COLLATE COMMENT DEFAULT EPHEMERAL MATERIALIZED PRIMARY SETTINGS STATISTICS"
    " TTL".split()
)
_NO_COLUMN: Final = frozenset("CONSTRAINT INDEX PRIMARY PROJECTION".split())
# Values of these types cannot be NULL; what is in them may be.
NEVER_NULL: Final = frozenset(
    "aggregatefunction array bitmap64 dynamic json lowcardinality map nested nullable object"
    " simpleaggregatefunction tuple variant".split()
)


class Clauses(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Clauses of a table that the engine does not keep, as they were written."""

    engine: str
    version: str = ""
    order_by: str = ""
    primary_key: str = ""
    unique_key: str = ""
    sample_by: str = ""
    cluster_by: str = ""
    buckets: int = 0
    split_number: int = 0
    with_range: bool = False


class Edit(NamedTuple):
    """A replacement of a part of a statement."""

    start: int
    end: int
    text: str


class Clause(NamedTuple):
    """A clause of CREATE TABLE: its position, and the tokens after its keyword."""

    start: int
    end: int
    value: list[Token]

    def text(self, statement: Statement) -> str:
        """Return what follows the keyword, as it was written."""
        return statement.text[self.value[0].start : self.value[-1].end] if self.value else ""


@dataclass(slots=True)
class Create:
    """A CREATE statement, split into its clauses."""

    statement: Statement
    kind: str
    name: list[Token]
    columns: list[list[Token]]
    clauses: dict[str, Clause]

    @property
    def is_cnch(self) -> bool:
        """Whether its engine is that of ByteHouse."""
        return self.engine.lower() == "cnchmergetree"

    @property
    def engine(self) -> str:
        """The name of its engine, as it was written."""
        clause = self.clauses.get("ENGINE")
        return next((t.name for t in clause.value if t.name), "") if clause else ""

    def text(self, clause: str) -> str:
        """Return a clause as it was written, "" if there is none."""
        return self.clauses[clause].text(self.statement) if clause in self.clauses else ""

    def fields(self, clause: str) -> list[str]:
        """Return the expressions of a key, plain names unquoted."""
        value = self.clauses[clause].value if clause in self.clauses else []
        if value and value[0].word == "TUPLE" and len(value) > 1:
            value = value[1:]
        depth = 0
        if value and value[0].text == "(" and _closing_bracket(value) == len(value) - 1:
            value, depth = value[1:-1], value[0].depth + 1
        return [_expression(part) for part in split_at_commas(value, depth)]


def read_create(statement: Statement) -> Create | None:
    """Read the CREATE of a table, view or dictionary; return None for anything else."""
    found = statement.tokens
    words = statement.words
    place = next((i for i, word in enumerate(words) if word in _OBJECTS), 0)
    if words[0] != "CREATE" or not place:
        return None
    start = place + 1
    if [t.word for t in found[start : start + 3]] == ["IF", "NOT", "EXISTS"]:
        start += 3
    end = start + 1
    while end + 1 < len(found) and found[end].text == ".":
        end += 2
    columns: list[list[Token]] = []
    name = found[start:end]
    if end < len(found) and found[end].text == "(":
        close = end + _closing_bracket(found[end:])
        entries = split_at_commas(found[end + 1 : close], 1)
        columns = [entry for entry in entries if entry[0].word not in _NO_COLUMN]
        end = close + 1
    return Create(statement, words[place], name, columns, dict(_clauses(found[end:])))


def translate(create: Create) -> tuple[list[Edit], Clauses | None]:
    """Check a table against ByteHouse's rules, and translate its clauses into the engine's."""
    if not create.is_cnch:
        return [], None
    check_keys(create)
    clauses = _read_clauses(create)
    engine = create.clauses["ENGINE"]
    if not clauses.unique_key:
        edits = [Edit(engine.start, engine.end, "ENGINE = MergeTree")]
    else:
        # In this engine rows of an equal sort key replace each other, so the unique key takes the
        # sort key's place; what depends on the sort key is kept as `Clauses`.
        replacing = f"ENGINE = ReplacingMergeTree({clauses.version})"
        edits = [Edit(engine.start, engine.end, replacing)]
        if order := create.clauses.get("ORDER"):
            edits.append(Edit(order.start, order.end, f"ORDER BY {clauses.unique_key}"))
        dropped = ("UNIQUE", "PRIMARY", "SAMPLE")
        edits += [Edit(c.start, c.end, "") for n in dropped if (c := create.clauses.get(n))]
    if cluster := create.clauses.get("CLUSTER"):
        edits.append(Edit(cluster.start, cluster.end, ""))
    edits += _without_own_settings(create)
    edits += [edit for column in create.columns for edit in _without_map_layout(column)]
    return edits, clauses


def _without_own_settings(create: Create) -> Iterator[Edit]:
    """Remove the settings of a unique key, if they ask for what the emulator does anyway."""
    settings = create.clauses.get("SETTINGS")
    if settings is None:
        return
    entries = split_at_commas(settings.value, 0)
    own = [entry for entry in entries if entry[0].word == "PARTITION_LEVEL_UNIQUE_KEYS"]
    for entry in own:
        if entry[-1].text.strip("'") != "1" and "PARTITION" in create.clauses:
            raise not_modelled(
                "partition_level_unique_keys = 0", "a key is unique within its partition."
            )
    if own:
        kept = [entry for entry in entries if entry not in own]
        text = ", ".join(create.statement.text[e[0].start : e[-1].end] for e in kept)
        yield Edit(settings.start, settings.end, f"SETTINGS {text}" if text else "")


def _without_map_layout(column: Sequence[Token]) -> Iterator[Edit]:
    """Remove how a Map is stored, which changes nothing of its values."""
    level = column[0].depth
    for before, token in pairwise(column):
        if token.word in {"KV", "BYTE"} and token.depth == level and before.text == ")":
            yield Edit(token.start, token.end, "")


def check_keys(create: Create) -> None:
    """Refuse keys that ByteHouse would refuse: missing, too long, nullable, or no prefix."""
    if "AS" in create.clauses and "ORDER" not in create.clauses:
        return
    order = create.fields("ORDER")
    # Documented: a table in SQL need not be sorted.
    unsorted = "".join(create.text("ORDER").lower().split()) == "tuple()"
    if not unsorted and not 1 <= len(order) <= 5:
        raise _bad_key(f"ORDER BY takes 1 to 5 fields, not {len(order)}.")
    primary = create.fields("PRIMARY")
    if primary != order[: len(primary)]:
        raise _bad_key("PRIMARY KEY must be a left prefix of ORDER BY.")
    if (sample := create.fields("SAMPLE")) and sample[0] not in (primary or order):
        raise _bad_key("SAMPLE BY must be in the primary key.")
    columns = {column[0].name: column for column in create.columns}
    for name in (*order, *create.fields("UNIQUE")):
        if name in columns and is_nullable(columns[name]):
            raise _bad_key(f"The key column {name!r} must not be nullable.")
        if columns and name.isidentifier() and name not in columns:
            raise _bad_key(f"The key column {name!r} is not one of the columns.")
    cluster = create.clauses.get("CLUSTER")
    if cluster and columns and not any(token.name in columns for token in cluster.value):
        # The engine never gets this clause, so it cannot refuse it.
        raise _bad_key("CLUSTER BY names none of the columns.")


def nullability(create: Create) -> list[Edit]:
    """Make columns nullable unless declared otherwise, as `ansi_sql` does; keys never are."""
    keys = {
        token.name
        for head in _KEYS
        if head in create.clauses
        for token in create.clauses[head].value
    }
    return [edit for c in create.columns for edit in column_nullability(c, key=c[0].name in keys)]


def column_nullability(column: Sequence[Token], *, key: bool = False) -> Iterator[Edit]:
    """Add NULL or NOT NULL to a column definition that has neither."""
    if len(column) < 2 or column[1].word in _AFTER_TYPE:
        return
    level = column[0].depth
    for before, token in pairwise(column):
        if token.word == "NULL" and token.depth == level and before.word != "DEFAULT":
            return
    if key or column[1].name.lower() not in NEVER_NULL:
        end = _type_of(column)[-1].end
        yield Edit(end, end, " NOT NULL" if key else " NULL")


def is_nullable(column: Sequence[Token]) -> bool:
    """Return whether a column definition is nullable."""
    words = [token.word for token in _type_of(column)]
    return words[1] == "NULLABLE" or ("NULL" in words and "NOT" not in words)


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits, which must not overlap."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def restore(definition: Statement, clauses: Clauses) -> str:
    """Translate the engine's own CREATE TABLE back into ByteHouse's, with the kept clauses."""
    create = read_create(definition)
    if create is None or "ENGINE" not in create.clauses:
        return definition.text
    engine = create.clauses["ENGINE"]
    version = f"({clauses.version})" if clauses.version else ""
    edits = [Edit(engine.start, engine.end, f"ENGINE = {clauses.engine}{version}")]
    extra = f" CLUSTER BY {clauses.cluster_by} INTO {clauses.buckets} BUCKETS"
    extra = extra if clauses.cluster_by else ""
    if clauses.split_number:
        extra += f" SPLIT_NUMBER {clauses.split_number}"
    extra += " WITH_RANGE" if clauses.with_range else ""
    if order := create.clauses.get("ORDER"):
        text = f"ORDER BY {clauses.order_by}"
        if clauses.unique_key:
            text += f" PRIMARY KEY {clauses.primary_key}" if clauses.primary_key else ""
            text += f" UNIQUE KEY {clauses.unique_key}"
            text += f" SAMPLE BY {clauses.sample_by}" if clauses.sample_by else ""
        edits.append(Edit(order.start, order.end, f"{extra} {text}".lstrip()))
    return apply(definition.text, edits)


def _clauses(found: Sequence[Token]) -> Iterator[tuple[str, Clause]]:
    heads = [
        index
        for index, token in enumerate(found)
        if token.depth == 0
        and token.word in _HEADS
        and (
            not _HEADS[token.word]
            or (index + 1 < len(found) and found[index + 1].word == _HEADS[token.word])
        )
    ]
    select = begin_of_select(found)
    heads = [index for index in heads if index <= select]
    for head, following in pairwise([*heads, len(found)]):
        word = found[head].word
        value = list(found[head + (2 if _HEADS[word] else 1) : following])
        yield word, Clause(found[head].start, found[following - 1].end, value)


def begin_of_select(found: Sequence[Token]) -> int:
    """Return the index of the AS before a query, after which no clause of a table can come."""
    for index, (token, after) in enumerate(pairwise(found)):
        if (
            token.word == "AS"
            and token.depth == 0
            and after.text.upper() in {"SELECT", "WITH", "("}
        ):
            return index
    return len(found)


def _closing_bracket(found: Sequence[Token]) -> int:
    depth = found[0].depth
    for index, token in enumerate(found[1:], 1):
        if token.text == ")" and token.kind == "symbol" and token.depth == depth:
            return index
    return len(found)


def _read_clauses(create: Create) -> Clauses:
    engine = create.clauses["ENGINE"].value
    opening = next((i for i, t in enumerate(engine) if t.text == "("), None)
    version = "" if opening is None else _expression(engine[opening + 1 : -1])
    clauses = Clauses(
        engine=create.engine,
        version=version,
        order_by=create.text("ORDER"),
        primary_key=create.text("PRIMARY"),
        unique_key=create.text("UNIQUE"),
        sample_by=create.text("SAMPLE"),
    )
    if cluster := create.clauses.get("CLUSTER"):
        _read_cluster(create.statement, cluster.value, clauses)
    return clauses


def _read_cluster(statement: Statement, value: list[Token], clauses: Clauses) -> None:
    words = [token.word for token in value]
    into = words.index("INTO") if "INTO" in words else 0
    number = value[into + 1].text if into and into + 2 < len(value) else ""
    if not number.isdigit() or int(number) < 1 or words[into + 2] != "BUCKETS":
        raise invalid("Table", "CLUSTER BY takes an expression, INTO, a count above 0, BUCKETS.")
    clauses.cluster_by = statement.text[value[0].start : value[into - 1].end]
    clauses.buckets = int(number)
    if "SPLIT_NUMBER" in words:
        split = value[words.index("SPLIT_NUMBER") + 1 :][:1]
        if not split or not split[0].text.isdigit():
            raise invalid("Table", "SPLIT_NUMBER takes a number.")
        clauses.split_number = int(split[0].text)
    clauses.with_range = "WITH_RANGE" in words


def _expression(found: Sequence[Token]) -> str:
    if len(found) == 1 and found[0].name:
        return found[0].name
    return "".join(
        (" " if before and before.kind != "symbol" and token.kind != "symbol" else "") + token.text
        for before, token in zip([None, *found], found, strict=False)
    )


def _type_of(column: Sequence[Token]) -> Sequence[Token]:
    level = column[0].depth
    for index, token in enumerate(column[1:], 1):
        if token.depth == level and token.word in _AFTER_TYPE:
            return column[:index]
    return column


def _bad_key(message: str) -> EmulatorError:
    return EmulatorError(400, "Table_InvalidKey", message)
