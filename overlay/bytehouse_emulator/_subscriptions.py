"""Keep who is subscribed to the metadata of an account."""

from __future__ import annotations

import msgspec

from ._clock import Clock
from ._state import State


class Subscription(msgspec.Struct):
    """A user who is subscribed to the metadata of an account."""

    account: str
    user: str
    created_at: str


class Subscriptions:
    """The subscriptions."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._clock = clock
        self._subscriptions = state.collection("subscription", Subscription)

    def add(self, account: str, user: str) -> None:
        """Subscribe a user."""
        subscription = Subscription(account, user, self._clock.now())
        self._subscriptions.add(_key(account, user), subscription)

    def remove(self, account: str, user: str) -> None:
        """End a subscription, if there is one."""
        self._subscriptions.delete(_key(account, user))

    def all(self) -> list[Subscription]:
        """Answer with every subscription."""
        return self._subscriptions.all()


def _key(account: str, user: str) -> str:
    return msgspec.json.encode([account, user]).decode()
