"""Read what an execution loaded; how the service counts and names it is not documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from bytehouse_raw.models import Execution, ExecutionLog

from .._core.html import HtmlRepr
from .._core.json import bare_name

# The first of these that is present counts, whatever its case and separators (inferred).
_READ = ("rowsread", "readrows", "rowstotal", "totalrows", "inputrows")
_WRITTEN = ("rowsloaded", "loadedrows", "rowswritten", "writtenrows", "rowsinserted",
            "insertedrows", "successrows", "outputrows")  # fmt: skip
_REFUSED = ("rowsfailed", "failedrows", "rowsrefused", "refusedrows", "rowsrejected",
            "rejectedrows", "errorrows", "rowsskipped", "skippedrows")  # fmt: skip


@attrs.frozen
class LoadReport(HtmlRepr):
    """Report what was loaded. A number is None if the service does not report it.

    Attributes:
        rows_read: Rows that were read from the source.
        rows_written: Rows that were written into the table.
        rows_refused: Rows that were refused and left out.
        log: Lines of the log, if rows were refused; empty if the service gives none.
        execution: The execution as it ended; None if `load` inserted the rows itself.
    """

    rows_read: int | None
    rows_written: int | None
    rows_refused: int | None
    log: tuple[ExecutionLog, ...] = attrs.field(default=(), repr=False)
    execution: Execution | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, execution: Execution) -> LoadReport:
        """Return the report of an execution that has ended, without its log."""
        fields = execution.additional_properties
        return cls(
            _count(fields, _READ),
            _count(fields, _WRITTEN),
            _count(fields, _REFUSED),
            execution=execution,
        )


def _count(fields: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    found = dict(reversed(list(_counts(fields))))  # outermost first
    return next((found[name] for name in names if name in found), None)


def _counts(fields: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """Yield the whole numbers under normalized names, outermost first."""
    for name, value in fields.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield bare_name(name), value
    for value in fields.values():
        if isinstance(value, Mapping):
            yield from _counts(value)
