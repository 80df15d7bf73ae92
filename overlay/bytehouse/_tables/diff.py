"""Compare the table that is wanted with the live one. Pure: nothing is read and nothing is changed.

The service may say less than it was told, and say it in other words. So both sides are brought into
one spelling first, and what the live table does not tell is not a difference but *unknown*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from bytehouse_raw import models
from bytehouse_raw.types import Model

from .._types.parse import holds_every_value, parse_type, tokens
from ..errors import InvalidArgument
from .changes import Change
from .inference import nullable_type
from .keys import NOTHING, Forms, forms_of, keeps_longer, ttl_forms
from .spec import TableSpec

__all__ = ["TableDiff", "diff"]

_FIXED = "the sort key is fixed when a table is created"
_NO_FIELD = "no operation of the API changes it"
_CLUSTER = "the docs call it modifiable, but the update operation has no field for it"


@attrs.frozen
class TableDiff:
    """Hold all differences between a wanted and a live table.

    Attributes:
        changes: The differences.
        unknown: What is wanted and the live table does not tell, in words.
    """

    changes: tuple[Change, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.changes), *(f"? {line}" for line in self.unknown)])


def diff(
    desired: TableSpec, live: models.Table, renames: Mapping[str, str] | None = None
) -> TableDiff:
    """Return the differences between a wanted and a live table.

    Args:
        desired: The wanted table.
        live: The live one.
        renames: Present names of columns to new ones. Those that have been made already count no
            more.

    Raises:
        InvalidArgument: A rename goes with neither table.
    """
    comparison = _Comparison(desired, live)
    comparison.kind()
    comparison.columns(renames or {})
    comparison.ttl()
    comparison.keys()
    comparison.description()
    return TableDiff(tuple(comparison.changes), tuple(comparison.unknown))


class _Comparison:
    """Gather the differences between two tables."""

    def __init__(self, desired: TableSpec, live: models.Table) -> None:
        self.desired = desired
        self.live = live
        self.changes: list[Change] = []
        self.unknown: list[str] = []
        columns = live.columns if isinstance(live.columns, list) else []
        self._columns = {
            c.name: c for c in columns if isinstance(c, models.Column) and isinstance(c.name, str)
        }
        self._whole = bool(columns) and len(self._columns) == len(columns)

    def kind(self) -> None:
        kind = self.live.type_
        if isinstance(kind, str) and re.search("VIEW|DICTIONARY", kind, re.IGNORECASE):
            self._block("kind", kind, "TABLE", "it is no table")

    def columns(self, renames: Mapping[str, str]) -> None:
        if not self._whole:
            if renames:
                raise InvalidArgument("renames: the live table does not tell its columns.")
            self.unknown.append("columns: the live table does not tell them")
            return
        present = dict(self._columns)
        wanted = {str(column.name): column for column in self.desired.columns}
        for old, new in _due(renames, present, wanted).items():
            self.changes.append(Change(f"column {old}", old, new, "rename"))
            present = {new if name == old else name: column for name, column in present.items()}
        for name, column in wanted.items():
            if name in present:
                self._compare_columns(present[name], column)
        for name, column in wanted.items():
            if name not in present:
                change = Change(f"column {name}", None, _described(column), "add", model=column)
                self.changes.append(change)
        for name, column in present.items():
            if name not in wanted:
                self._destroy(f"column {name}", _described(column), None, "its values are lost")

    def _compare_columns(self, live: models.Column, desired: models.Column) -> None:
        wanted, nullable = parse_type(str(desired.type_), desired.nullable)
        before, after, losses = [], [], []
        actual, was_nullable = wanted, live.nullable if isinstance(live.nullable, bool) else None
        if isinstance(live.type_, str):
            actual, was_nullable = parse_type(live.type_, was_nullable)
        else:
            self.unknown.append(f"type of column {desired.name}: wanted {desired.type_}")
        if actual != wanted:
            before.append(str(actual))
            after.append(str(wanted))
            if not holds_every_value(wanted, actual):
                losses.append(f"values that are no {wanted} are lost")
        if None not in (nullable, was_nullable) and nullable != was_nullable:
            before.append(_null(was_nullable))
            after.append(_null(nullable))
            if was_nullable:
                losses.append("NULLs are lost")
        for word, told, want in (
            ("DEFAULT", live.default_value, desired.default_value),
            ("COMMENT", live.comment, desired.comment),
        ):
            if want is None or not self._tells(told, word, want, f"column {desired.name}"):
                continue
            if _unquoted(told) != _unquoted(want):
                before.append(_said(word, told) or f"no {word}")
                after.append(_said(word, want) or f"no {word}")
        if after:
            model = _kept(desired, was_nullable)
            self.changes.append(
                Change(
                    f"column {desired.name}",
                    " ".join(before),
                    " ".join(after),
                    destructive=bool(losses),
                    reason=", ".join(losses),
                    model=model,
                )
            )

    def ttl(self) -> None:
        desired, live = self.desired.ttl, self.live.ttl
        known = isinstance(live, models.TableTtl)
        exists = known and bool(live and live.to_dict())
        wanted, actual = ttl_forms(desired), ttl_forms(live)
        if desired is None:
            if exists:
                self.changes.append(Change("TTL", _shown(actual, live), None, "drop"))
            return
        if (exists and _same(desired, live)) or set(wanted) & set(actual):
            return
        if (not wanted or not actual) if exists else not (known or self._lacks("TTL")):
            self.unknown.append(f"TTL: wanted {_shown(wanted, desired)}")
            return
        longer = exists and keeps_longer(wanted, actual)
        self.changes.append(
            Change(
                "TTL",
                actual[0] if exists else None,
                _shown(wanted, desired),
                "modify" if exists else "add",
                destructive=not longer,
                reason="" if longer else "rows that are older are deleted",
                model=desired,
            )
        )

    def keys(self) -> None:
        desired, live = self.desired, self.live
        self._compare_keys("sort key", "ORDER BY", desired.order_by, live.order_by_keys, _FIXED)
        # Left out, the primary key is the sort key.
        told = live.primary_keys
        if told == [] or (told is None and self._lacks("PRIMARY KEY")):
            told = live.order_by_keys
        primary = desired.primary_key
        if primary is not None or told is not None:
            self._compare_keys("primary key", "PRIMARY KEY", primary or desired.order_by, told)
        for name, clause, want, told_key, reason in (
            ("sampling key", "SAMPLE BY", desired.sample_by, live.sampling_key, _NO_FIELD),
            ("partition key", "PARTITION BY", desired.partition_by, live.partition_keys, _NO_FIELD),
            ("unique key", "UNIQUE KEY", desired.unique_key, live.unique_key, _NO_FIELD),
            ("cluster key", "CLUSTER BY", desired.cluster_key, live.cluster_key, _CLUSTER),
        ):
            self._compare_keys(name, clause, want, told_key, reason)

    def _compare_keys(
        self, name: str, clause: str, desired: object, live: object, reason: str = _NO_FIELD
    ) -> None:
        """Compare the forms that two keys can be written in: the same key has one in common."""
        wanted = NOTHING if desired is None else forms_of(desired)
        actual = NOTHING if live is None and self._lacks(clause) else forms_of(live)
        if desired is None and actual is None and live is not None:
            actual = (_shown((), live),)  # there is one, whatever it is
        if wanted is None or actual is None:
            if desired is not None and not _same(desired, live):
                self.unknown.append(f"{name}: wanted {_shown(wanted or (), desired)}")
        elif not set(wanted) & set(actual):
            self._block(name, actual[0], wanted[0], reason)

    def description(self) -> None:
        told, want = self.live.description, self.desired.description
        if want is None or not self._tells(told, "COMMENT", want, "description"):
            return
        if (told or "") != want:
            self._block("description", repr(told or ""), repr(want), _NO_FIELD)

    def _tells(self, told: object, word: str, want: str, name: str) -> bool:
        """Tell whether the live table says what this is, if only by saying nothing of it.

        A service that says it of one column would say it of another; and a statement that makes
        the table, without the word in it, says that there is none.
        """
        if isinstance(told, str):
            return True
        of_columns = {"DEFAULT": "default_value", "COMMENT": "comment"}[word]
        elsewhere = any(getattr(c, of_columns) is not None for c in self._columns.values())
        if (elsewhere and name != "description") or self._lacks(word):
            return True
        if want:
            self.unknown.append(f"{name}: wanted {_said(word, want)}")
        return False

    def _lacks(self, clause: str) -> bool:
        """Tell whether the statement that makes the live table is told, and has no such clause."""
        statement = self.live.definition
        if not isinstance(statement, str) or "CREATE" not in statement.upper():
            return False
        words = [word.upper() for word in tokens(statement) if word[0] not in "'`\""]
        return clause not in " ".join(words)

    def _block(self, name: str, actual: str, wanted: str, reason: str) -> None:
        self.changes.append(Change(name, actual, wanted, blocked=True, reason=reason))

    def _destroy(self, name: str, actual: str, wanted: str | None, reason: str) -> None:
        self.changes.append(Change(name, actual, wanted, "drop", destructive=True, reason=reason))


def _same(desired: object, live: object) -> bool:
    if isinstance(desired, Model) and isinstance(live, Model):
        return desired.to_dict() == live.to_dict()
    return False


def _shown(forms: Forms, model: object) -> str:
    return forms[0] if forms else str(model.to_dict() if isinstance(model, Model) else model)


def _due(
    renames: Mapping[str, str], present: Mapping[str, object], wanted: Iterable[str]
) -> dict[str, str]:
    """Return the renames that are still to be made.

    Raises:
        InvalidArgument: One goes with neither table.
    """
    due = {}
    for old, new in renames.items():
        what = f"renames: {old!r} to {new!r}"
        if new in renames or list(renames.values()).count(new) > 1:
            raise InvalidArgument(f"{what} depends on another rename; make them one by one.")
        if new not in wanted:
            raise InvalidArgument(f"{what}, but no column {new!r} is wanted.")
        if old in present and new not in present:
            due[old] = new
        elif old in present and old not in wanted:
            raise InvalidArgument(
                f"{what}, but the table has both.", hint="Leave the rename out to drop the old one."
            )
        elif new not in present:
            raise InvalidArgument(f"{what}, but the table has neither.")
    return due


def _null(nullable: bool | None) -> str:
    return {True: "NULL", False: "NOT NULL", None: ""}[nullable]


def _described(column: models.Column) -> str:
    kind, nullable = parse_type(str(column.type_), column.nullable)
    parts = [
        str(kind),
        _null(nullable),
        _said("DEFAULT", column.default_value),
        _said("COMMENT", column.comment),
    ]
    return " ".join(filter(None, parts))


def _said(word: str, text: object) -> str:
    return "" if text is None or (word == "COMMENT" and not text) else f"{word} {_unquoted(text)!r}"


def _unquoted(text: object) -> str:
    """Return a default or comment without the quotes that a service may put around it."""
    found = str(text or "").strip()
    if re.fullmatch(r"'(?:[^'\\]|\\.|'')*'", found, re.DOTALL):
        found = re.sub(r"\\(.)|'(')", lambda m: m[1] or m[2], found[1:-1], flags=re.DOTALL)
    return found


def _kept(desired: models.Column, was_nullable: bool | None) -> models.Column:
    """Return the column to modify to: where nothing is said of NULL, it is to stay as it is."""
    column = models.Column.from_dict(desired.to_dict())
    if column.nullable is None and was_nullable is not None:
        kind, nullable = parse_type(str(column.type_))
        if kind.name == "LowCardinality":
            column.type_ = nullable_type(str(kind), was_nullable)
        elif nullable is None:
            column.nullable = was_nullable
    return column
