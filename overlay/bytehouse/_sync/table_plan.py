# Derived from overlay/bytehouse/_async/table_plan.py by `make generate`. Do not edit.
"""Hold the changes that turn a live table into the wanted one, and apply them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from bytehouse_raw.api.databases import update_table
from bytehouse_raw.models import Table
from bytehouse_raw.types import html_table

from .._core.arguments import check_arguments
from .._core.html import HtmlRepr
from .._core.options import CallOptions
from .._tables.changes import Change, Step, steps
from .._tables.diff import TableDiff, creation, diff
from .._tables.spec import TableSpec
from ..errors import Conflict, InvalidArgument, OutcomeUnknown, ResponseDecodeError, StalePlan

if TYPE_CHECKING:
    from .resource_client import ResourceClient


@check_arguments
class TablePlan(HtmlRepr):
    """Hold the differences between a wanted and a live table; get one from `tables.plan`.

    Print it to read it. A line begins with ``+`` for what is added, ``-`` for what is dropped,
    ``~`` for what is changed, ``!`` for what the API cannot change, and ``?`` for what is wanted
    and not known of the live table.

    Attributes:
        database: Name of the database.
        desired: The wanted table.
        live: The table as it was read; None if it is missing and to be created.
        differences: What differs, and what could not be compared.
    """

    def __init__(
        self,
        client: ResourceClient,
        database: str,
        desired: TableSpec,
        live: Table | None,
        *,
        renames: Mapping[str, str],
        options: CallOptions,
    ) -> None:
        self._client = client
        self._renames = dict(renames)
        self._options = options
        self.database = database
        self.desired = desired
        self.live = live
        self.differences: TableDiff = self._diff(live)

    @property
    def actions(self) -> tuple[Change, ...]:
        """What is to be done, the blocked included."""
        return self.differences.changes

    @property
    def blocked(self) -> tuple[Change, ...]:
        """What the API cannot do."""
        return tuple(change for change in self.actions if change.blocked)

    @property
    def destructive(self) -> tuple[Change, ...]:
        """What loses data."""
        return tuple(change for change in self.actions if change.destructive)

    @property
    def is_empty(self) -> bool:
        """Whether the live table is as wanted, as far as can be determined."""
        return not self.actions

    def apply(
        self,
        *,
        allow_destructive: bool = False,
        ignore_blocked: bool = False,
        **options: Unpack[CallOptions],
    ) -> None:
        """Make the live table the wanted one, by the actions of this plan and no others.

        `GET /v1/databases/{db_name}/tables/{table_name}`, then
        `PATCH /v1/databases/{db_name}/tables/{table_name}` (both inferred) up to three times:
        renames; additions, modifications and the time to live; drops. The service makes them one by
        one: should one fail, those before it stay, and a new plan holds the rest. An empty plan
        sends nothing.

        Args:
            allow_destructive: Whether actions that lose data may be done.
            ignore_blocked: Whether to do the rest where the API cannot do something.
            **options: Options of each call, on top of those that the plan was made with.

        A table that is missing is created (`POST /v1/databases/{db_name}/tables`, inferred).

        Raises:
            InvalidArgument: There are blocked or destructive actions and nothing allows them;
                nothing was sent.
            StalePlan: The table has changed since; nothing was changed.
            OutcomeUnknown: An update had no response, and the table does not show its effect.
        """
        self._check(allow_destructive=allow_destructive, ignore_blocked=ignore_blocked)
        options = {**self._options, **options}
        if self.live is None:
            self._create(options)
            return
        requests = steps(self.actions)
        if not requests:
            return
        self._refuse_stale(options)
        for step in requests:
            self._apply_step(step, options)

    def _check(self, *, allow_destructive: bool, ignore_blocked: bool) -> None:
        blocked = () if ignore_blocked else self.blocked
        destructive = () if allow_destructive else self.destructive
        if blocked:
            raise InvalidArgument(
                f"The API cannot do all of this plan: {_listed(blocked)}",
                hint="Describe the table as it is, or create a new one; ignore_blocked=True "
                "applies the rest.",
            )
        if destructive:
            raise InvalidArgument(
                f"This plan loses data: {_listed(destructive)}",
                hint="allow_destructive=True applies it anyway.",
            )

    def _create(self, options: CallOptions) -> None:
        try:
            self._client.tables.create(self.database, self.desired, **options)
        except Conflict as error:
            raise self._stale("it was created") from error

    def _refuse_stale(self, options: CallOptions) -> None:
        live = self._read(options)
        if self.live is None or live.uuid != self.live.uuid:
            found = "it was dropped and created again"
        else:
            try:
                now = self._diff(live)
            except InvalidArgument as error:
                found = error.message
            else:
                if now.changes == self.actions:
                    return
                found = f"now it would be:\n{now}" if now.changes else "nothing is left to do"
        raise self._stale(found)

    def _stale(self, found: str) -> StalePlan:
        name = f"{self.database}.{self.desired.name}"
        return StalePlan(
            f"The table {name} has changed since this plan was made: {found}",
            hint="Make a new plan.",
        )

    def _apply_step(self, step: Step, options: CallOptions) -> None:
        try:
            self._client.send(
                update_table.plan(self.database, self.desired.name, body=step.body), **options
            )
        except (OutcomeUnknown, ResponseDecodeError):
            live = self._read(options)
            if set(step.changes) & set(self._diff(live).changes):
                raise

    def _diff(self, live: Table | None) -> TableDiff:
        body = self.desired.request()
        return creation(body) if live is None else diff(body, live, self._renames)

    def _read(self, options: CallOptions) -> Table:
        return self._client.tables.get(self.database, self.desired.name, **options)

    def __str__(self) -> str:
        return f"{self._title()}\n{self.differences}".rstrip()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._title()}>"

    def _repr_html_(self) -> str:
        rows = [
            (change.kind, change.name, change.actual, change.wanted, change.note)
            for change in self.actions
        ]
        unknown = [("unknown", line, None, None, None) for line in self.differences.unknown]
        heads = ("action", "name", "actual", "wanted", "note")
        return html_table(heads, [*rows, *unknown], self._title())

    def _title(self) -> str:
        counts = [f"{len(self.actions)} change{'s' * (len(self.actions) != 1)}"]
        if self.destructive:
            counts.append(f"{len(self.destructive)} destructive")
        if self.blocked:
            counts.append(f"{len(self.blocked)} blocked")
        name = f"{self.database}.{self.desired.name}"
        return f"Table {name}: {', '.join(counts) if self.actions else 'no changes'}"


def _listed(changes: tuple[Change, ...]) -> str:
    return "; ".join(map(str, changes))
