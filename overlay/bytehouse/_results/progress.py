"""Show how far a query is, where a terminal or a notebook watches."""

from __future__ import annotations

import sys
from typing import Any

from .._core.extras import import_optional

__all__ = ["Progress", "progress"]


class Progress:
    """Show nothing."""

    def set_state(self, state: str) -> None:
        """Take note of what the query is doing."""

    def received(self, size: int) -> None:
        """Take note of how many bytes of its answer have come."""

    def pause(self) -> None:
        """Show nothing until there is more to tell: the caller has the terminal."""

    def close(self) -> None:
        """Show nothing any more."""


class _Bar(Progress):
    """Show a moving bar, the state, the bytes that have come and the time."""

    def __init__(self, rich: Any, console: Any) -> None:
        self._rich = rich
        self._console = console
        self._began = console.get_time()
        self._shown: Any = None
        self._show("Running", 0)

    def set_state(self, state: str) -> None:
        self._show(state, 0)

    def received(self, size: int) -> None:
        self._show("Reading", size)

    def pause(self) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def close(self) -> None:
        self.pause()

    def _show(self, state: str, size: int) -> None:
        if self._shown is None:
            # One that was stopped and begins again wipes out what was printed meanwhile.
            self._shown = self._made()
            self._shown.start()
        self._shown.update(self._shown.task_ids[0], description=state, completed=size)

    def _made(self) -> Any:
        rich = self._rich
        bar = rich.Progress(
            rich.SpinnerColumn(),
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TimeElapsedColumn(),
            console=self._console,
            transient=True,
            # What is printed meanwhile goes above the bar, unless it goes elsewhere, as to a file.
            redirect_stdout=_is_terminal(sys.stdout),
        )
        bar.add_task("", total=None)
        bar.tasks[0].start_time = self._began
        return bar


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def progress(wanted: bool) -> Progress:
    """Return what shows progress, if that is wanted and somebody can see it.

    Raises:
        ConfigError: It is wanted, and rich is not installed.
    """
    if not wanted:
        return Progress()
    console = import_optional("rich.console", "progress").Console(stderr=True)
    # Flavours may be forced upon a pipe; a bar that moves must not be.
    if console.is_jupyter or (_is_terminal(sys.stderr) and console.is_interactive):
        return _Bar(import_optional("rich.progress", "progress"), console)
    return Progress()
