"""Show the progress of a query in a terminal or a notebook."""

from __future__ import annotations

import sys
from typing import Any

from .._core.extras import import_optional


class Progress:
    """Show nothing."""

    def set_state(self, state: str) -> None:
        """Report the state of the query."""

    def show_bytes(self, size: int) -> None:
        """Report how many bytes of its response have arrived."""

    def pause(self) -> None:
        """Hide the bar until the next report, as the caller may use the terminal."""

    def close(self) -> None:
        """Hide the bar permanently."""


class _Bar(Progress):
    """Show a moving bar, the state, the bytes received and the elapsed time."""

    def __init__(self, rich: Any, console: Any) -> None:
        self._rich = rich
        self._console = console
        self._started = console.get_time()
        self._bar: Any = None
        self._show("Running", 0)

    def set_state(self, state: str) -> None:
        self._show(state, 0)

    def show_bytes(self, size: int) -> None:
        self._show("Reading", size)

    def pause(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def close(self) -> None:
        self.pause()

    def _show(self, state: str, size: int) -> None:
        if self._bar is None:
            # A bar that is stopped and started again would erase what was printed in between.
            self._bar = self._new_bar()
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], description=state, completed=size)

    def _new_bar(self) -> Any:
        rich = self._rich
        bar = rich.Progress(
            rich.SpinnerColumn(),
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TimeElapsedColumn(),
            console=self._console,
            transient=True,
            # Output goes above the bar, unless it is redirected, for example to a file.
            redirect_stdout=_is_terminal(sys.stdout),
        )
        bar.add_task("", total=None)
        bar.tasks[0].start_time = self._started
        return bar


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def progress(wanted: bool) -> Progress:
    """Return a progress bar if it is wanted and can be seen, else one that shows nothing.

    Raises:
        ConfigError: It is wanted, and rich is not installed.
    """
    if not wanted:
        return Progress()
    console = import_optional("rich.console", "progress").Console(stderr=True)
    # rich can be told to colour a pipe; a moving bar must not go into one.
    if console.is_jupyter or (_is_terminal(sys.stderr) and console.is_interactive):
        return _Bar(import_optional("rich.progress", "progress"), console)
    return Progress()
