"""Check everything between this machine and the service, without changing anything.

Each check reports what it found, how long that took, and what to do about it. Later checks build on
earlier ones, so a failure that makes them pointless ends the examination. All share one deadline,
and after the first operation without a response no other is called.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs

from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER, Operation
from bytehouse_raw.plan import Plan

from .._api.planning import planner
from .._api.polling import TimeLimit
from .._api.routing import RouteTable
from .._core.clock import Clock
from .._core.config import Config, load, resolve
from .._core.credentials import read_key
from .._sync.client import ByteHouse
from .._transport import http
from .._transport.proxies import find_proxy
from .._transport.resolver import HostUnknown, ResolverTimeout, addresses
from ..errors import (
    APIError,
    AuthenticationError,
    ByteHouseError,
    PermissionDenied,
    RateLimited,
    ResponseDecodeError,
    TimedOut,
    TransportError,
)

Status = Literal["ok", "warning", "failed", "skipped"]
_TIMEOUT = 15.0
_RUN_TIMEOUT = 60.0
_EXPIRES_SOON = 14
_STATEMENT = "SELECT 1"
_PULL = "`bytehouse routes pull SOURCE` reads them from your tenant's docs page or specification."


class _Deadline(TimeLimit):
    """The end of the examination."""

    def __init__(self, timeout: float) -> None:
        super().__init__(Clock(), _RUN_TIMEOUT)
        self._timeout = min(timeout, _TIMEOUT)

    @property
    def step(self) -> float:
        """Seconds that the next step may take."""
        return max(0.1, min(self._timeout, self.left))


@attrs.frozen
class Check:
    """The outcome of one check. It has no secrets.

    Attributes:
        name: What was checked; for an operation, its id.
        status: ``ok``; ``warning`` if it works with a reservation; ``failed``;
            ``skipped`` if it could not be checked.
        detail: What was found.
        hint: What to do next; empty if there is nothing to do.
        seconds: Duration; None if nothing was waited for.
        facts: What was found, as data.
        error: The error, if it failed with one.
    """

    name: str
    status: Status
    detail: str
    hint: str = ""
    seconds: float | None = None
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    error: ByteHouseError | None = attrs.field(default=None, repr=False)


def examine(arguments: Mapping[str, Any], *, profile: str | None = None) -> Iterator[Check]:
    """Run the checks, and yield each when it is done.

    Args:
        arguments: Arguments for a client.
        profile: Name of a profile of the configuration.
    """
    facts: dict[str, Any] = {}
    try:
        facts["settings"] = _settings(resolve(arguments, profile=profile))
        config = load(arguments, profile=profile)
        routes = RouteTable(config.routes, config._values["routes"].source)
        read_key(config.api_key)
    except ByteHouseError as error:
        yield attrs.evolve(_failed("configuration", error), facts=facts)
        return
    sources = {name: value.source for name, value in config._values.items()}
    detail = f"{config.host} (from {sources['host']}), key (from {sources['api_key']})"
    yield Check("configuration", "ok", detail, facts=facts)
    yield _routes(routes)
    deadline = _Deadline(config.timeout)
    for check in _network(config, deadline):
        yield check
        if check.status == "failed":
            return
    with ByteHouse(**arguments, profile=profile) as client:
        yield from _Service(client, routes, deadline).checks()


def _failed(name: str, error: ByteHouseError, seconds: float | None = None) -> Check:
    return Check(name, "failed", error.message, error.hint, seconds, error=error)


def _settings(config: Config) -> list[dict[str, str]]:
    return [
        {"name": name, "value": value, "source": source} for name, value, source in config.explain()
    ]


def _routes(routes: RouteTable) -> Check:
    origins = [routes.origin(operation) for operation in OPERATIONS.values()]
    counts = {origin: origins.count(origin) for origin in dict.fromkeys(origins)}
    detail = ", ".join(f"{count} {origin}" for origin, count in counts.items())
    if "inferred" not in counts:
        return Check("routes", "ok", detail, facts=counts)
    return Check(
        "routes", "warning", detail, f"Inferred routes may be wrong. {_PULL}", facts=counts
    )


def _network(config: Config, deadline: _Deadline) -> Iterator[Check]:
    """Check the connection to the host, step by step."""
    if find_proxy(config) is not None:
        detail = "calls go through a proxy, which resolves the name and connects"
        yield Check("connection", "skipped", detail)
        return
    parts = urlsplit(config.host)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    steps: dict[str, Callable[[], Check]] = {
        "name resolution": lambda: _resolve_name(host, port, deadline.step),
        "connection": lambda: _connect(host, port, deadline.step),
        "TLS": lambda: _check_tls(config, host, port, deadline.step),
    }
    for name, step in steps.items():
        if name == "TLS" and parts.scheme == "http":
            yield Check(name, "skipped", "plain http, to this machine")
            return
        started = time.monotonic()
        try:
            check = step()
        except ByteHouseError as error:
            check = _failed(name, error)
        yield attrs.evolve(check, seconds=time.monotonic() - started)
        if check.status == "failed":
            return


def _resolve_name(host: str, port: int, timeout: float) -> Check:
    try:
        found = addresses(host, port, timeout)
    except ResolverTimeout:
        raise TimedOut(f"no name server responded within {timeout:g} s") from None
    except HostUnknown as error:
        reason = str(error).rpartition("] ")[2]
        hint = "Check the host, the name servers, and whether a VPN is needed."
        raise TransportError(f"{host} cannot be resolved: {reason}", hint=hint) from None
    return Check("name resolution", "ok", ", ".join(found), facts={"addresses": found})


def _connect(host: str, port: int, timeout: float) -> Check:
    with _open(host, port, timeout) as connection:
        address = connection.getpeername()[0]
    return Check("connection", "ok", f"port {port} of {address} answers")


def _open(host: str, port: int, timeout: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout)
    except OSError as error:
        timed_out = isinstance(error, TimeoutError)
        reason = f"no response within {timeout:g} s" if timed_out else error.strerror or error
        hint = "Check host and port, the firewall, and whether the host wants a VPN or a proxy."
        kind = TimedOut if timed_out else TransportError
        raise kind(f"port {port} of {host} cannot be reached: {reason}", hint=hint) from None


def _check_tls(config: Config, host: str, port: int, timeout: float) -> Check:
    context = http.tls_context(config.ca_file, config.client_cert)
    try:
        with (
            _open(host, port, timeout) as connection,
            context.wrap_socket(connection, server_hostname=host) as secured,
        ):
            certificate: Mapping[str, Any] = secured.getpeercert() or {}
            version = secured.version() or "TLS"
    except ssl.SSLCertVerificationError as error:
        hint = "If a proxy or your organisation signs certificates itself, set ca_file."
        what = f"the certificate is not accepted: {error.verify_message}"
        raise TransportError(what, hint=hint) from None
    except OSError as error:
        raise TransportError(f"no TLS with port {port}: {error.strerror or error}") from None
    expires = str(certificate.get("notAfter", ""))
    days = math.floor((ssl.cert_time_to_seconds(expires) - time.time()) / 86400)
    facts = {
        "version": version,
        "expires": expires,
        "issuer": _issuer_name(certificate.get("issuer")),
    }
    detail = f"{version}, certificate of {facts['issuer']} for {days} more days"
    if days < _EXPIRES_SOON:
        return Check(
            "TLS", "warning", detail, "Whoever runs the host should renew it.", None, facts
        )
    return Check("TLS", "ok", detail, facts=facts)


def _issuer_name(parts: Any) -> str:
    named = dict(pair for group in parts or () for pair in group)
    return str(named.get("organizationName") or named.get("commonName") or "an unnamed authority")


def _plans() -> list[Plan[Any]]:
    """Plan a call of every operation that reads and has no required arguments."""
    plans = []
    for operation in OPERATIONS.values():
        plan = planner(operation)
        parameters = signature(plan).parameters
        required = [name for name, one in parameters.items() if one.default is Parameter.empty]
        if operation.retry == "read" and not required:
            plans.append(plan(limit=1) if "limit" in parameters else plan())
    # Operations without a role go first: they depend on the key alone.
    return sorted(plans, key=lambda plan: ROLE_HEADER in plan.operation.headers)


class _Service:
    """Call the operations that need no arguments, each once, and run one statement."""

    def __init__(self, client: ByteHouse, routes: RouteTable, deadline: _Deadline) -> None:
        self._client = client
        self._routes = routes
        self._deadline = deadline
        self._plans = _plans()
        self._checks: dict[str, Check] = {}
        self._silent = ""

    def checks(self) -> Iterator[Check]:
        """Yield the checks of the key, the role and a statement, then of each operation."""
        authentication = self._authentication()
        yield authentication
        if isinstance(authentication.error, AuthenticationError):
            yield Check("operations", "skipped", "no operation works without a valid key")
            return
        yield self._role(key_accepted=authentication.status == "ok")
        yield self._statement()
        for plan in self._plans:
            yield self._check(plan)

    def _check(self, plan: Plan[Any]) -> Check:
        operation = plan.operation
        if operation.id not in self._checks:

            def call() -> None:
                timeout = self._deadline.step
                self._client.send(plan, timeout=timeout, deadline=timeout, max_retries=0)

            self._checks[operation.id] = self._run(operation.id, operation, call)
        return self._checks[operation.id]

    def _run(self, name: str, operation: Operation, call: Callable[[], None]) -> Check:
        """Make a call, unless an earlier one had no response or no time is left."""
        if self._silent:
            return Check(name, "skipped", f"not called: no response to {self._silent} came")
        if not self._deadline.left:
            return Check(name, "skipped", f"not called: {_RUN_TIMEOUT:g} s have passed")
        started = time.monotonic()
        error: ByteHouseError | None = None
        try:
            call()
        except ByteHouseError as raised:
            error = raised
        if isinstance(error, TimedOut):
            self._silent = name
        return self._evaluate(name, operation, error, time.monotonic() - started)

    def _evaluate(
        self, name: str, operation: Operation, error: ByteHouseError | None, seconds: float
    ) -> Check:
        route = self._routes.route(operation)
        origin = self._routes.origin(operation)
        facts: dict[str, Any] = {"method": route.method, "path": route.template, "origin": origin}
        if error is None:
            return Check(name, "ok", "answers", seconds=seconds, facts=facts)
        detail = error.message
        if isinstance(error, APIError):
            facts |= {"status": error.status, "code": error.code, "request_id": error.request_id}
            detail = f"HTTP {error.status}: {error.message}"
        # A refusal or 501 proves that the service is there and knows the route.
        known = isinstance(error, PermissionDenied | RateLimited)
        known = known or (isinstance(error, APIError) and error.status == 501)
        status: Status = "warning" if known else "failed"
        return Check(name, status, detail, error.hint, seconds, facts, error)

    def _first(self, plans: Iterable[Plan[Any]]) -> tuple[Check | None, Check | None]:
        """Call one operation after another until the key or a role is known to be good or bad.

        Returns:
            The check that shows it, or else the first that was refused.
        """
        refused: Check | None = None
        for plan in plans:
            check = self._check(plan)
            if check.status == "ok" or isinstance(check.error, AuthenticationError):
                return check, None
            if isinstance(check.error, PermissionDenied):
                refused = refused or check
        return None, refused

    def _authentication(self) -> Check:
        """Check the key: a success proves it; a 403 does not, for it may mean key or role."""
        name = "authentication"
        check, refused = self._first(self._plans)
        if check is not None and check.status == "ok":
            detail = f"the key is accepted, as {check.name} says"
            return Check(name, "ok", detail, seconds=check.seconds)
        if check is not None:
            return attrs.evolve(check, name=name)
        if refused is not None:
            detail = (
                f"whether the key is accepted is not known; no call succeeded: {refused.detail}"
            )
            return attrs.evolve(refused, name=name, status="failed", detail=detail)
        return Check(name, "warning", "no operation returned a response that shows it")

    def _role(self, *, key_accepted: bool) -> Check:
        role = self._client._options.role
        named = f"role {role}" if role else "the user's default role"
        plans = (plan for plan in self._plans if ROLE_HEADER in plan.operation.headers)
        check, refused = self._first(plans)
        if check is not None and check.status == "ok":
            detail = f"{named} may read, as {check.name} says"
            return Check("role", "ok", detail, seconds=check.seconds)
        if refused is not None and key_accepted:
            return attrs.evolve(refused, name="role", status="failed")
        return Check("role", "warning", f"whether {named} may read is unknown")

    def _statement(self) -> Check:
        """Run a statement that reads nothing, where the client's statements run."""
        options = self._client._options
        where = f"warehouse {options.warehouse}" if options.warehouse else "the default warehouse"
        what = f"{_STATEMENT} on {where} in {options.mode}"
        rows: list[Any] = []

        def call() -> None:
            timeout = self._deadline.step
            with self._client.query(_STATEMENT, timeout=timeout, max_retries=0) as result:
                rows.extend(result.rows())

        check = self._run("statement", OPERATIONS["submit_sync_query"], call)
        if check.status == "skipped":
            return check
        if check.error is None:
            if rows:
                return attrs.evolve(check, detail=f"{what} runs")
            return attrs.evolve(check, status="warning", detail=f"{what} returned no row")
        self._silent = ""  # a warehouse that starts takes its time; other calls need none
        # Refused or not: whoever wants to run statements cannot, or cannot read their results.
        status: Status = "warning" if isinstance(check.error, ResponseDecodeError) else "failed"
        hint = check.hint or (
            "Check `warehouse`, a name or an id, and `mode`: "
            "`bytehouse api list_warehouses` and `bytehouse api list_dialects` show what there is."
        )
        return attrs.evolve(check, status=status, detail=f"{what}: {check.detail}", hint=hint)
