"""Subscriptions of users to the metadata of an account."""

from __future__ import annotations

import msgspec

from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.storage.documents import DocumentStore


class Subscription(msgspec.Struct):
    """A user who is subscribed to the metadata of an account."""

    account: str
    user: str
    created_at: str


class Subscriptions:
    """The subscriptions."""

    def __init__(self, documents: DocumentStore, clock: Clock) -> None:
        self._clock = clock
        self._subscriptions = documents.collection("subscription", Subscription)

    def add(self, account: str, user: str) -> None:
        """Subscribe a user."""
        subscription = Subscription(account, user, self._clock.now())
        self._subscriptions.add(_key(account, user), subscription)

    def remove(self, account: str, user: str) -> None:
        """End a subscription, if there is one."""
        self._subscriptions.delete(_key(account, user))


def _key(account: str, user: str) -> str:
    return msgspec.json.encode([account, user]).decode()
