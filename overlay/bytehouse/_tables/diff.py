"""Compare a wanted table with the live one. Pure: nothing is read and nothing is changed.

The service may return less than it was given, and in another spelling. So both sides are normalized
first, and what the live table does not define is not a difference but *unknown*.
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

_FIXED = "the sort key is fixed when a table is created"
_NO_FIELD = "no operation of the API changes it"
_CLUSTER = "the docs call it modifiable, but the update operation has no field for it"


@attrs.frozen
class TableDiff:
    """Hold all differences between a wanted and a live table.

    Attributes:
        changes: The differences.
        unknown: What is wanted, where the live table does not say what it has.
    """

    changes: tuple[Change, ...]
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.changes), *(f"? {line}" for line in self.unknown)])


def diff(
    desired: models.CreateTableRequest,
    live: models.Table,
    renames: Mapping[str, str] | None = None,
) -> TableDiff:
    """Return the differences between a wanted and a live table.

    Args:
        desired: The wanted table.
        live: The live one.
        renames: Current names of columns to new ones. Those already made are ignored.

    Raises:
        InvalidArgument: A rename matches neither table.
    """
    comparison = _Comparison(desired, live)
    comparison.kind()
    comparison.columns(renames or {})
    comparison.ttl()
    comparison.keys()
    comparison.description()
    return TableDiff(tuple(comparison.changes), tuple(comparison.unknown))


def creation(desired: models.CreateTableRequest) -> TableDiff:
    """Return the difference between a wanted table and none."""
    columns = ", ".join(f"{column.name} {column.type}" for column in desired.columns)
    return TableDiff((Change(f"table {desired.name}", None, columns, "add"),), ())


class _Comparison:
    """Collect the differences between two tables."""

    def __init__(self, desired: models.CreateTableRequest, live: models.Table) -> None:
        self.desired = desired
        self.live = live
        self.changes: list[Change] = []
        self.unknown: list[str] = []
        columns = live.columns if isinstance(live.columns, list) else []
        self._columns = {
            c.name: c
            for c in columns
            if isinstance(c, models.Column) and isinstance(getattr(c, "name", None), str)
        }
        self._columns_known = bool(columns) and len(self._columns) == len(columns)

    def kind(self) -> None:
        kind = self.live.type
        if isinstance(kind, str) and re.search("VIEW|DICTIONARY", kind, re.IGNORECASE):
            self._block("kind", kind, "TABLE", "it is not a table")

    def columns(self, renames: Mapping[str, str]) -> None:
        if not self._columns_known:
            if renames:
                raise InvalidArgument("renames: the columns of the live table are not known.")
            self.unknown.append("columns: those of the live table are not known")
            return
        current = dict(self._columns)
        wanted = {str(column.name): column for column in self.desired.columns or ()}
        for old, new in _pending_renames(renames, current, wanted).items():
            self.changes.append(Change(f"column {old}", old, new, "rename"))
            current = {new if name == old else name: column for name, column in current.items()}
        for name, column in wanted.items():
            if name in current:
                self._compare_columns(current[name], column)
        for name, column in wanted.items():
            if name not in current:
                change = Change(f"column {name}", None, _describe(column), "add", model=column)
                self.changes.append(change)
        for name, column in current.items():
            if name not in wanted:
                self._drop(f"column {name}", _describe(column), None, "its values are lost")

    def _compare_columns(self, live: models.Column, desired: models.Column) -> None:
        wanted, nullable = parse_type(str(desired.type), desired.nullable)
        before, after, losses = [], [], []
        actual, was_nullable = wanted, live.nullable if isinstance(live.nullable, bool) else None
        if isinstance(kind := getattr(live, "type", None), str):
            actual, was_nullable = parse_type(kind, was_nullable)
        else:
            self.unknown.append(f"type of column {desired.name}: wanted {desired.type}")
        if actual != wanted:
            before.append(str(actual))
            after.append(str(wanted))
            if not holds_every_value(wanted, actual):
                losses.append(f"values that are not {wanted} are lost")
        if None not in (nullable, was_nullable) and nullable != was_nullable:
            before.append(_null(was_nullable))
            after.append(_null(nullable))
            if was_nullable:
                losses.append("NULLs are lost")
        for clause, live_value, want in (
            ("DEFAULT", live.default, desired.default),
            ("COMMENT", live.comment, desired.comment),
        ):
            if want is None or not self._is_known(
                live_value, clause, want, f"column {desired.name}"
            ):
                continue
            if _unquote(live_value) != _unquote(want):
                before.append(_clause(clause, live_value) or f"no {clause}")
                after.append(_clause(clause, want) or f"no {clause}")
        if after:
            model = _keep_nullability(desired, was_nullable)
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
        known = isinstance(live, models.TTL)
        exists = known and bool(live and live.to_dict())
        wanted, actual = ttl_forms(desired), ttl_forms(live)
        if desired is None:
            if exists:
                self.changes.append(Change("ttl", _first_form(actual, live), None, "drop"))
            return
        if (exists and _same(desired, live)) or set(wanted) & set(actual):
            return
        if (not wanted or not actual) if exists else not (known or self._lacks("TTL")):
            self.unknown.append(f"ttl: wanted {_first_form(wanted, desired)}")
            return
        longer = exists and keeps_longer(wanted, actual)
        self.changes.append(
            Change(
                "ttl",
                actual[0] if exists else None,
                _first_form(wanted, desired),
                "modify" if exists else "add",
                destructive=not longer,
                reason="" if longer else "rows that are older are deleted",
                model=desired,
            )
        )

    def keys(self) -> None:
        desired, live = self.desired, self.live
        wanted_order = desired.order_by or []
        self._compare_keys("order_by", "ORDER BY", wanted_order, live.order_by, _FIXED)
        # By default the primary key is the sort key.
        live_primary = live.primary_key
        if live_primary == [] or (live_primary is None and self._lacks("PRIMARY KEY")):
            live_primary = live.order_by
        primary = desired.primary_key
        if primary is not None or live_primary is not None:
            self._compare_keys("primary_key", "PRIMARY KEY", primary or wanted_order, live_primary)
        for name, clause, want, live_key, reason in (
            ("sample_by", "SAMPLE BY", desired.sample_by, live.sample_by, _NO_FIELD),
            (
                "partition_by",
                "PARTITION BY",
                desired.partition_by,
                live.partition_by,
                _NO_FIELD,
            ),
            ("unique_key", "UNIQUE KEY", desired.unique_key, live.unique_key, _NO_FIELD),
            ("cluster_key", "CLUSTER BY", desired.cluster_key, live.cluster_key, _CLUSTER),
        ):
            self._compare_keys(name, clause, want, live_key, reason)

    def _compare_keys(
        self, name: str, clause: str, desired: object, live: object, reason: str = _NO_FIELD
    ) -> None:
        """Compare the forms in which two keys can be written: equal keys have one in common."""
        wanted = NOTHING if desired is None else forms_of(desired)
        actual = NOTHING if live is None and self._lacks(clause) else forms_of(live)
        if desired is None and actual is None and live is not None:
            actual = (_first_form((), live),)  # there is one, in a form that is not known
        if wanted is None or actual is None:
            if desired is not None and not _same(desired, live):
                self.unknown.append(f"{name}: wanted {_first_form(wanted or (), desired)}")
        elif not set(wanted) & set(actual):
            self._block(name, actual[0], wanted[0], reason)

    def description(self) -> None:
        live, want = self.live.description, self.desired.description
        if want is None or not self._is_known(live, "COMMENT", want, "description"):
            return
        if (live or "") != want:
            self._block("description", repr(live or ""), repr(want), _NO_FIELD)

    def _is_known(self, live: object, clause: str, want: str, name: str) -> bool:
        """Return whether the live value is known, be it that there is none.

        A service that returns the value for one column would return it for another; and where the
        statement that creates the table lacks the clause, there is none.
        """
        if isinstance(live, str):
            return True
        attribute = {"DEFAULT": "default", "COMMENT": "comment"}[clause]
        elsewhere = any(getattr(c, attribute) is not None for c in self._columns.values())
        if (elsewhere and name != "description") or self._lacks(clause):
            return True
        if want:
            self.unknown.append(f"{name}: wanted {_clause(clause, want)}")
        return False

    def _lacks(self, clause: str) -> bool:
        """Return whether the statement that creates the live table is known and lacks a clause."""
        statement = self.live.definition
        if not isinstance(statement, str) or "CREATE" not in statement.upper():
            return False
        words = [word.upper() for word in tokens(statement) if word[0] not in "'`\""]
        return clause not in " ".join(words)

    def _block(self, name: str, actual: str, wanted: str, reason: str) -> None:
        self.changes.append(Change(name, actual, wanted, blocked=True, reason=reason))

    def _drop(self, name: str, actual: str, wanted: str | None, reason: str) -> None:
        self.changes.append(Change(name, actual, wanted, "drop", destructive=True, reason=reason))


def _same(desired: object, live: object) -> bool:
    if isinstance(desired, Model) and isinstance(live, Model):
        return desired.to_dict() == live.to_dict()
    return False


def _first_form(forms: Forms, model: object) -> str:
    return forms[0] if forms else str(model.to_dict() if isinstance(model, Model) else model)


def _pending_renames(
    renames: Mapping[str, str], current: Mapping[str, object], wanted: Iterable[str]
) -> dict[str, str]:
    """Return the renames that are still to be made.

    Raises:
        InvalidArgument: One matches neither table.
    """
    pending = {}
    for old, new in renames.items():
        what = f"renames: {old!r} to {new!r}"
        if new in renames or list(renames.values()).count(new) > 1:
            raise InvalidArgument(f"{what} depends on another rename; make them one by one.")
        if new not in wanted:
            raise InvalidArgument(f"{what}, but no column {new!r} is wanted.")
        if old in current and new not in current:
            pending[old] = new
        elif old in current and old not in wanted:
            raise InvalidArgument(
                f"{what}, but the table has both.", hint="Leave the rename out to drop the old one."
            )
        elif new not in current:
            raise InvalidArgument(f"{what}, but the table has neither.")
    return pending


def _null(nullable: bool | None) -> str:
    return {True: "NULL", False: "NOT NULL", None: ""}[nullable]


def _describe(column: models.Column) -> str:
    kind, nullable = parse_type(str(getattr(column, "type", None)), column.nullable)
    parts = [
        str(kind),
        _null(nullable),
        _clause("DEFAULT", column.default),
        _clause("COMMENT", column.comment),
    ]
    return " ".join(filter(None, parts))


def _clause(name: str, value: object) -> str:
    absent = value is None or (name == "COMMENT" and not value)
    return "" if absent else f"{name} {_unquote(value)!r}"


def _unquote(value: object) -> str:
    """Return a default or comment without the quotes that a service may add."""
    found = str(value or "").strip()
    if re.fullmatch(r"'(?:[^'\\]|\\.|'')*'", found, re.DOTALL):
        found = re.sub(r"\\(.)|'(')", lambda m: m[1] or m[2], found[1:-1], flags=re.DOTALL)
    return found


def _keep_nullability(desired: models.Column, was_nullable: bool | None) -> models.Column:
    """Return the column to modify to; where it does not specify NULL, it keeps the live setting."""
    column = models.Column.from_dict(desired.to_dict())
    if column.nullable is None and was_nullable is not None:
        kind, nullable = parse_type(str(column.type))
        if kind.name == "LowCardinality":
            column.type = nullable_type(str(kind), was_nullable)
        elif nullable is None:
            column.nullable = was_nullable
    return column
