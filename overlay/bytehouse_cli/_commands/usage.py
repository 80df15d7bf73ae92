"""`bytehouse usage`: what was stored and computed, and a bar for each day in a terminal."""

from __future__ import annotations

import shutil
from typing import Any

from .._output import output_format, print_rows
from .._resources import ResourceGroup, print_returned
from .._settings import global_options

_LONGEST_BAR = 50
_OTHERS = 30  # characters of a line beside the bar


class _Usage(ResourceGroup):
    """Show usage by day as bars."""

    def show(self, value: Any) -> None:
        """Print the points, or for people the sums of days as bars."""
        given = global_options()
        measure, days = _by_day(value)
        if not days or output_format() != "table" or given.columns or given.query is not None:
            print_returned(value)
            return
        longest = min(_LONGEST_BAR, max(8, shutil.get_terminal_size().columns - _OTHERS))
        most = max(days.values()) or 1
        rows = [
            (day, round(total, 2) or float(f"{total:.2g}"), "█" * round(longest * total / most))
            for day, total in sorted(days.items())
        ]
        print_rows(("day", measure, ""), [rows], choose=False)


def _by_day(series: Any) -> tuple[str, dict[Any, float]]:
    """Return the first measure that is reported, and its sums by day; nothing for other times."""
    from bytehouse import ByteHouseError

    try:
        if not hasattr(series, "by_warehouse"):
            return "bytes", series.by_day()
        for measure in ("credits", "seconds", "queries"):
            if days := series.by_day(measure):
                return measure, days
    except ByteHouseError:
        pass
    return "", {}


command = _Usage("usage")
