"""Show how far a query is, where a terminal or a notebook watches."""

from __future__ import annotations

from typing import Any

from ._extras import needed

__all__ = ["Progress", "progress"]


class Progress:
    """Show nothing."""

    def says(self, state: str) -> None:
        """Take note of what the query is doing."""

    def received(self, size: int) -> None:
        """Take note of how many bytes of its answer have come."""

    def close(self) -> None:
        """Show nothing any more."""


class _Bar(Progress):
    """Show a moving bar, the state, the bytes that have come and the time."""

    def __init__(self, rich: Any, console: Any) -> None:
        self._bar = rich.Progress(
            rich.SpinnerColumn(),
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("Running", total=None)
        self._bar.start()

    def says(self, state: str) -> None:
        self._bar.update(self._task, description=state)

    def received(self, size: int) -> None:
        self._bar.update(self._task, description="Reading", completed=size)

    def close(self) -> None:
        self._bar.stop()


def progress(wanted: bool) -> Progress:
    """Return what shows progress, if that is wanted and somebody can see it."""
    if not wanted:
        return Progress()
    console = needed("rich.console", "progress").Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return Progress()
    return _Bar(needed("rich.progress", "progress"), console)
