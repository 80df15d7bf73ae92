"""What all calls of a client and its views share, without the modules that a call needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._api.routing import RouteTable
from .._core.clock import Clock
from .._core.config import Config, KeySource
from .._core.credentials import read_key
from .._core.options import Options
from .._core.retry import RetryBudget
from .._core.secrets import Secret
from .._version import USER_AGENT

if TYPE_CHECKING:
    from .redaction import SecretMask


class Credential:
    """Hold a key, its header, and the mask that removes it from responses."""

    __slots__ = ("header", "key", "mask")

    def __init__(self, key: Secret) -> None:
        from .redaction import SecretMask  # a client that sends nothing needs no JSON library

        self.key = key
        self.header = key.map("Bearer ".__add__)
        self.mask: SecretMask = SecretMask(key)


class Settings:
    """Hold what all calls of a client and its views share."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.budget = RetryBudget(config.retry_budget)
        given = config._values["routes"]
        self.routes = RouteTable(given.value, given.source)
        agent = f"{USER_AGENT} {config.application}" if config.application else USER_AGENT
        self.host: str = config.host
        self._api_key: KeySource = config.api_key
        self.headers = {
            "Host": _authority(config.host),
            "Authorization": "",
            "User-Agent": agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",  # what `_transport/decompression.py` knows
        }
        self._credential: Credential | None = None

    def credential(self, options: Options) -> Credential:
        """Return the key as it is now; the same object until it changes."""
        key = read_key(options.api_key or self._api_key)
        if self._credential is None or self._credential.key != key:
            self._credential = Credential(key)
        return self._credential

    def reset_after_fork(self) -> None:
        """Replace the lock in a forked process: another thread may have held it."""
        self.budget = RetryBudget(self.budget.size)


def _authority(host: str) -> str:
    return host.split("://", 1)[1].split("/", 1)[0]
