"""Bound how many connections a client has in use."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue

from .models import TransportFailure

_LONGEST_WAIT = 0.05  # seconds until a waiting call looks for slots that were lost


class Slot:
    """The right to use one connection. It ends with `release`, or with the last reference.

    Args:
        slots: Where it is one of.
        number: Its place in the order in which they were asked for.
        wake: Called when it may be its turn.
    """

    __slots__ = ("__weakref__", "_slots", "number", "wake")

    def __init__(self, slots: AnySlots, number: int, wake: Callable[[], object]) -> None:
        self._slots = slots
        self.number = number
        self.wake = wake

    def release(self) -> None:
        """Let another call have it; a second time does nothing."""
        self._slots.release(self)


class AnySlots:
    """Let so many calls at once use a connection, in the order in which they ask.

    Nothing is counted up and down, which an interrupt between two steps would leave wrong for
    good: the slots in use are those that still exist.

    Args:
        limit: How many there are.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._closed = False
        self._numbers = count()
        # In the order in which they were asked for; the first of them are in use. Each change is
        # one operation of the interpreter, so no lock is held that an interrupt could leave locked.
        self._asked: dict[int, weakref.ref[Slot]] = {}

    def release(self, slot: Slot) -> None:
        """Let the next call have a slot."""
        self._asked.pop(slot.number, None)
        if len(self._asked) >= self._limit:
            self._wake(self._limit)

    def close(self) -> None:
        """Refuse further slots, and end the wait for them."""
        self._closed = True
        self._wake(len(self._asked))

    def _ask(self, wake: Callable[[], object]) -> tuple[Slot, bool]:
        """Return a slot, and whether it may be used at once."""
        slot = Slot(self, next(self._numbers), wake)
        self._asked[slot.number] = weakref.ref(slot)
        return slot, len(self._asked) <= self._limit and not self._closed

    def _wake(self, limit: int) -> None:
        for _, other in zip(range(limit), self._asked.copy().values(), strict=False):
            if (slot := other()) is not None:
                slot.wake()

    def _is_due(self, slot: Slot, ends: float) -> bool:
        """Return whether a slot may be used, or raise the reason why the wait for it is over."""
        if self._closed:
            raise TransportFailure("the client was closed", sent=False)
        ahead = 0
        for number, other in self._asked.copy().items():
            if number == slot.number:
                return True
            if other() is None:  # its call was interrupted
                self._asked.pop(number, None)
                continue
            ahead += 1
            if ahead < self._limit:
                continue
            if time.monotonic() >= ends:
                raise TransportFailure("no connection became available", sent=False, timed_out=True)
            return False
        return True


class Slots(AnySlots):
    """Bound the connections of threads."""

    def take(self, timeout: float) -> Slot:
        """Return a slot when there is one.

        Args:
            timeout: Seconds to wait for it.

        Raises:
            TransportFailure: There was none in time, or the client was closed.
        """
        woken: SimpleQueue[None] = SimpleQueue()
        slot, free = self._ask(partial(woken.put, None))
        ends = time.monotonic() + timeout
        try:
            while not (free or self._is_due(slot, ends)):
                with suppress(Empty):
                    woken.get(timeout=min(_LONGEST_WAIT, max(0.0, ends - time.monotonic())))
        except BaseException:
            slot.release()
            raise
        return slot
