"""Find out which permissions a statement requires.

Only statements of roles other than the administrators' come here. What cannot be determined for
certain is refused as not modelled: a statement must never do more than its role is permitted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from bytehouse_emulator.errors import EmulatorError, not_modelled, syntax_error
from bytehouse_emulator.sql.ddl import begin_of_select, read_create
from bytehouse_emulator.sql.engine import EngineSession
from bytehouse_emulator.sql.lexer import (
    Statement,
    Token,
    quote_string,
    split,
    split_at_commas,
    tokens,
)
from bytehouse_emulator.sql.references import references

_TREE: Final = re.compile(r"^\s*TABLE(_FUNCTION)? id: \d+")
_TABLE: Final = re.compile(r"\btable_name: (.*?)(?:, (?:final|sample_size|sample_offset): .*)?$")
_FUNCTION: Final = re.compile(r"\btable_function_name: (\w+)")
_TEMPORARY: Final = ", temporary_table_name: "
_HARMLESS: Final = frozenset("generate_series generaterandom null numbers values zeros".split())
_HARMLESS_TABLES: Final = frozenset({"system.one", "system.numbers", "system.zeros"})
# Functions that read a table or a dictionary whose name is a string.
_BY_STRING: Final = re.compile(r"dictget|dicthas|dictisin|joinget|hascolumnintable", re.IGNORECASE)
_IN_ROWS: Final = re.compile(rf"\bselect\b|{_BY_STRING.pattern}", re.IGNORECASE)
# Settings that hold a query of their own.
_FILTERS: Final = frozenset({"additional_table_filters", "additional_result_filter"})
_IF: Final = frozenset({"IF", "NOT", "EXISTS", "EMPTY"})
_OBJECTS: Final = frozenset({"TABLE", "VIEW", "DICTIONARY"})
_SELECT: Final = frozenset({"SELECT", "WITH"})
# What these need not have could read anything: SHOW TABLES WHERE, OPTIMIZE PARTITION.
_WITHOUT_EXPRESSIONS: Final = frozenset("DROP EXISTS OPTIMIZE SHOW TRUNCATE".split())


class RequiredPermission(NamedTuple):
    """An action on a table; without its name on a database; without that on the account."""

    action: str
    database: str = ""
    table: str = ""


def required_permissions(text: str, session: EngineSession) -> Iterator[RequiredPermission]:
    """Return what a statement, ready for the engine, requires when it is run in a session.

    Each is to be checked before the next is asked for: to find the last of them, the engine runs
    the subqueries that the first allow.
    """
    [statement] = split(text)
    try:
        yield from _Finder(statement, session).find()
    except IndexError:
        raise syntax_error("the statement is not complete.") from None


class _Finder:
    """Finds the permissions by the kind of the statement."""

    def __init__(self, statement: Statement, session: EngineSession) -> None:
        self.text = statement.text
        self.found = statement.tokens
        self.words = [token.word for token in statement.tokens]
        self.statement = statement
        self.session = session

    @cached_property
    def current(self) -> str:
        """The database of names without one."""
        return self.session.current_database()

    def find(self) -> Iterator[RequiredPermission]:
        self._refuse_names_in_strings()
        self._refuse_lambdas_of_apply()
        if any("\n" in token.name for token in self.found):
            # The engine explains a query line by line.
            raise self._unknown("a name of two lines")
        word = next((t.word for t in self.found if t.text != "("), "")
        if word in {"SET", "USE"}:
            return
        if self.statement.returns_rows:
            yield from self._reads(0)
        elif word in _KINDS:
            if word in _WITHOUT_EXPRESSIONS and (
                "WHERE" in self.words or any(token.text == "(" for token in self.found)
            ):
                raise self._unknown(f"an expression in {word}")
            yield from _KINDS[word](self)
        else:
            raise self._unknown()

    # Queries

    def _reads(self, start: int) -> Iterator[RequiredPermission]:
        """Find what a query reads: by the names in its text first, for nothing has run by then."""
        text = self.text[self.found[start].start :]
        for reference in dict.fromkeys(references(self.session, text)):
            if not reference.is_function:
                yield from self._select(reference.name, written=True)
            elif reference.name.lower() not in _HARMLESS:
                raise self._unknown(f"the table function {reference.name}()")
        yield from self._resolved(text)

    def _resolved(self, text: str) -> Iterator[RequiredPermission]:
        """Let the engine find out which tables a query reads: it resolves the names."""
        full: list[str] = []
        for row in self.session.rows(f"EXPLAIN QUERY TREE run_passes = 1 {text}"):
            line = row["explain"]
            if not (kind := _TREE.match(line)) or _TEMPORARY in line:
                continue
            if kind.group(1):
                function = _FUNCTION.search(line)
                if not function or function.group(1).lower() not in _HARMLESS:
                    raise self._unknown(f"the table function {function and function.group(1)}()")
            elif name := _TABLE.search(line):
                full.append(name.group(1))
        for name_ in dict.fromkeys(full):
            yield from self._select(name_)

    def _select(self, name: str, *, written: bool = False) -> Iterator[RequiredPermission]:
        """Look up a full name, which the engine prints without quotes, or one as it is written,
        whose database may be the current one, and which may be that of a subquery."""
        quoted = quote_string(name)
        other = f", concat(currentDatabase(), '.', {quoted})" if written else ""
        rows = self.session.rows(
            "SELECT database, name, concat(database, '.', name) AS full FROM system.tables"
            f" WHERE full IN ({quoted}{other})"
        )
        rows = [row for row in rows if row["full"] == name] or rows
        if len(rows) > 1 or not (rows or written):
            raise self._unknown(f"the table {name}")
        for row in rows:
            if row["database"].lower() not in {"system", "information_schema"}:
                yield RequiredPermission("SELECT", row["database"], row["name"])
            elif row["full"] not in _HARMLESS_TABLES:
                yield RequiredPermission("SELECT")

    def _explain(self) -> Iterator[RequiredPermission]:
        yield from self._reads(self._begin_of_query(1))

    def _insert(self) -> Iterator[RequiredPermission]:
        start = 1 + (self.words[1] == "INTO")
        start += self.words[start] == "TABLE"
        if self.words[start] == "FUNCTION":
            raise self._unknown("INSERT INTO FUNCTION")
        place, end = self._name(start)
        yield RequiredPermission("INSERT", *place)
        for token in self.found[end:]:
            if token.kind == "data" and _IN_ROWS.search(token.text):
                self._refuse_words(tokens(token.text), _SELECT, "a query among rows")
                self._refuse_names_in_strings(tokens(token.text))
        if any(token.word in _SELECT for token in self.found[end:]):
            yield from self._reads(self._begin_of_query(end))

    # Definitions

    def _create(self) -> Iterator[RequiredPermission]:
        if "DATABASE" in self.words[1:3] or "SCHEMA" in self.words[1:3]:
            yield RequiredPermission("CREATE DATABASE")
            return
        create = read_create(self.statement)
        if create is None or create.kind == "DICTIONARY":
            raise self._unknown()
        if "TEMPORARY" not in self.words[1:4]:
            database = create.name[0].name if len(create.name) > 1 else self.current
            yield RequiredPermission("CREATE", database)
            if "REPLACE" in self.words[1:3]:
                yield RequiredPermission("DROP", database)
        begin = begin_of_select(self.found)
        self._refuse_words(self.found[:begin], _SELECT, "a query within a definition")
        self._refuse_tables_after_in(self.found[:begin])
        if to := create.clauses.get("TO"):
            yield RequiredPermission("INSERT", *self._name(self.found.index(to.value[0]))[0])
        if begin < len(self.found):
            yield from self._reads(self._begin_of_query(begin))
        elif "AS" in create.clauses or "CLONE" in self.words:
            raise self._unknown("CREATE ... AS another table")

    def _drop(self) -> Iterator[RequiredPermission]:
        start = self._after_if(2)
        if self.words[1] in {"DATABASE", "SCHEMA"}:
            yield RequiredPermission("DROP", self.found[start].name)
            return
        if self.words[1] not in _OBJECTS:
            raise self._unknown()
        for part in split_at_commas(self.found[start:], 0):
            yield RequiredPermission("DROP", *self._name(self.found.index(part[0]))[0])

    def _truncate(self) -> Iterator[RequiredPermission]:
        if self.words[1] in {"ALL", "DATABASE", "TABLES"}:
            raise self._unknown()
        start = self._after_if(1 + (self.words[1] == "TABLE"))
        yield RequiredPermission("TRUNCATE", *self._name(start)[0])

    def _optimize(self) -> Iterator[RequiredPermission]:
        yield RequiredPermission("OPTIMIZE", *self._name(1 + (self.words[1] == "TABLE"))[0])

    def _alter(self) -> Iterator[RequiredPermission]:
        if self.words[1] != "TABLE":
            raise self._unknown()
        yield from self._change(self._after_if(2))

    def _delete(self) -> Iterator[RequiredPermission]:
        yield from self._change(1 + (self.words[1] == "FROM"))

    def _update(self) -> Iterator[RequiredPermission]:
        yield from self._change(1)

    def _change(self, start: int) -> Iterator[RequiredPermission]:
        place, end = self._name(start)
        rest = self.found[end:]
        self._refuse_words(rest, _SELECT | {"FROM"}, "a change that reads another table")
        self._refuse_tables_after_in(rest)
        for token, after in pairwise(rest):
            if token.word == "TO" and after.word == "TABLE":
                raise self._unknown("a change that writes to another table")
        yield RequiredPermission("ALTER", *place)

    # Descriptions

    def _describe(self) -> Iterator[RequiredPermission]:
        start = 1 + (self.words[1] == "TABLE")
        if self.found[start].text == "(":
            yield from self._reads(self._begin_of_query(start))
        else:
            place, end = self._name(start)
            if end < len(self.found) and self.found[end].text == "(":
                raise self._unknown()
            yield RequiredPermission("SHOW", *place)

    def _show(self) -> Iterator[RequiredPermission]:
        if self.words[1] == "CREATE":
            if self.words[2] in {"DATABASE", "SCHEMA"}:
                yield RequiredPermission("SHOW", self.found[3].name)
            else:
                place, _ = self._name(2 + (self.words[2] in _OBJECTS))
                yield RequiredPermission("SHOW", *place)
        elif self.words[1] == "DATABASES":
            yield RequiredPermission("SHOW")
        elif self.words[1] == "TABLES":
            other = len(self.words) > 3 and self.words[2] in {"FROM", "IN"}
            yield RequiredPermission("SHOW", self.found[3].name if other else self.current)
        else:
            raise self._unknown()

    def _exists(self) -> Iterator[RequiredPermission]:
        if self.words[1] in {"DATABASE", "TEMPORARY"}:
            raise self._unknown()
        yield RequiredPermission("SHOW", *self._name(1 + (self.words[1] in _OBJECTS))[0])

    # Pieces

    def _name(self, start: int) -> tuple[tuple[str, str], int]:
        """Read the name of a table; return it and where it ends."""
        names = [token.name for token in self.found[start : start + 3]]
        if len(names) > 2 and self.found[start + 1].text == "." and names[2]:
            return (names[0], names[2]), start + 3
        if not names or not names[0]:
            raise self._unknown()
        return (self.current, names[0]), start + 1

    def _after_if(self, start: int) -> int:
        while start < len(self.words) - 1 and self.words[start] in _IF:
            start += 1
        return start

    def _begin_of_query(self, start: int) -> int:
        """Return where a query begins, its opening parentheses included."""
        places = range(start, len(self.words))
        place = next((i for i in places if self.words[i] in _SELECT), None)
        if place is None:
            raise self._unknown()
        while place > start and self.found[place - 1].text == "(":
            place -= 1
        return place

    def _refuse_names_in_strings(self, found: list[Token] | None = None) -> None:
        for token, after in pairwise(self.found if found is None else found):
            if after.text == "(" and _BY_STRING.match(token.name):
                raise self._unknown(f"{token.name}()")
            if token.name.lower() in _FILTERS:
                raise self._unknown(f"the setting {token.name}")

    def _refuse_lambdas_of_apply(self) -> None:
        """Refuse what the engine's syntax tree does not show, and its query tree has run."""
        for index, token in enumerate(self.found[:-2]):
            named = self.found[index + 1].name and self.found[index + 2].text != "-"
            if token.word == "APPLY" and not named:
                raise self._unknown("APPLY of a lambda")

    def _refuse_tables_after_in(self, found: list[Token]) -> None:
        """Refuse `x IN t`, which the engine writes as `x IN (t)`, where no query tree shows it."""
        for index, token in enumerate(found[:-1]):
            if token.word != "IN" or found[index + 1].word == "PARTITION":
                continue
            inner = [t for t in found[index + 1 : index + 7] if t.text != "("]
            names = [t for t in inner[:3] if t.name or t.text == "."]
            if names and names[0] is inner[0] and inner[len(names)].text == ")":
                raise self._unknown("IN with the name of a table")
            if found[index + 1].text != "(":
                raise self._unknown("IN with the name of a table")

    def _refuse_words(self, found: list[Token], words: frozenset[str], what: str) -> None:
        if any(token.word in words for token in found):
            raise self._unknown(what)

    def _unknown(self, what: str = "") -> EmulatorError:
        what = what or " ".join(word for word in self.words[:2] if word)
        reason = (
            "whether a role may do that is only known of AccountAdmin and SystemAdmin, who may do"
            " everything."
        )
        return not_modelled(f"{what} under a role with limited permissions", reason)


_KINDS: Final[Mapping[str, Callable[[_Finder], Iterator[RequiredPermission]]]] = {
    "ALTER": _Finder._alter,
    "CREATE": _Finder._create,
    "DELETE": _Finder._delete,
    "DESC": _Finder._describe,
    "DESCRIBE": _Finder._describe,
    "DROP": _Finder._drop,
    "EXISTS": _Finder._exists,
    "EXPLAIN": _Finder._explain,
    "INSERT": _Finder._insert,
    "OPTIMIZE": _Finder._optimize,
    "SHOW": _Finder._show,
    "TRUNCATE": _Finder._truncate,
    "UPDATE": _Finder._update,
}
