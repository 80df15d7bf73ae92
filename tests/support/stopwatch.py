"""Measure how long something takes, but for the time in which this machine did not let it run."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

__all__ = ["Stopwatch"]

_TICK = 0.01


class Stopwatch:
    """Measure a block by the ticks of a thread beside it, which waits when the block has to.

    On a machine that is free, the seconds are those of the clock.

    Attributes:
        seconds: How long the block took.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._ended = threading.Event()
        self._late = 0.0
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def _tick(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(_TICK):
            now = time.monotonic()
            self._late += max(0.0, now - began - 1.5 * _TICK)
            began = now

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        taken = time.monotonic() - self._began
        self._ended.set()
        self._thread.join()
        self.seconds = taken - min(self._late, 0.9 * taken)
