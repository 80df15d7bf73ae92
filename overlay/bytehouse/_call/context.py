"""What all calls of a client and its views share, without what it takes to make a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._api.routing import RouteTable
from .._core.clock import Clock
from .._core.config import Config, KeySource
from .._core.credentials import key_of
from .._core.options import Options
from .._core.retry import RetryBudget
from .._core.secrets import Secret
from .._version import USER_AGENT

if TYPE_CHECKING:
    from .responses import SecretMask

__all__ = ["Credential", "Settings"]


class Credential:
    """Hold a key as a request carries it, and as an answer may repeat it."""

    __slots__ = ("header", "key", "mask")
    mask: SecretMask

    def __init__(self, key: Secret) -> None:
        from .responses import SecretMask

        self.key = key
        self.header = Secret("Bearer " + key)
        self.mask = SecretMask(key)


class Settings:
    """Hold what all calls of a client and its views share."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.budget = RetryBudget(config.retry_budget)
        given = config.values["routes"]
        self.routes = RouteTable(given.value, given.source)
        agent = f"{USER_AGENT} {config.application}" if config.application else USER_AGENT
        self.host: str = config.host
        self._api_key: KeySource = config.api_key
        self.headers = {
            "Host": _authority(config.host),
            "Authorization": "",
            "User-Agent": agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        self._credential: Credential | None = None

    def credential(self, options: Options) -> Credential:
        """Return the key as it is now. What is made of it is made once, until it changes."""
        key = key_of(options.api_key or self._api_key)
        known = self._credential
        if known is None or known.key != key:
            known = self._credential = Credential(key)
        return known

    def renew(self) -> None:
        """Begin anew in a process that was forked off: another thread may have held a lock."""
        self.budget = RetryBudget(self.budget.size)


def _authority(host: str) -> str:
    return host.split("://", 1)[1].split("/", 1)[0]
