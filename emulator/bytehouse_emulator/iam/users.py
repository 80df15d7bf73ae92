"""The users of the account, their API keys, and the roles assigned to them.

The API creates neither users nor roles. There is one user from the start, whose first API key is
the token that the emulator was started with; `/_emulator/users` adds others, and `--role` and
`/_emulator/roles` add roles.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import Any, Final, Literal, NamedTuple

import msgspec

from bytehouse_emulator.errors import (
    EmulatorError,
    already_exists,
    illegal_state,
    invalid,
    not_found,
)
from bytehouse_emulator.model.account import FIRST_USER
from bytehouse_emulator.simulation.clock import DAY, LATEST, SECOND, Clock, timestamp
from bytehouse_emulator.storage.documents import DocumentStore

# The only names of roles in the documentation.
ACCOUNT_ADMIN: Final = "AccountAdmin"
ADMINS: Final = (ACCOUNT_ADMIN, "SystemAdmin")
_FIRST_ROLE: Final = 4780622283186930001
START_KEY: Final = "emulatorStartKey0001"
_MAX_KEYS: Final = 2
_DEFAULT_EXPIRY: Final = 90
_LETTERS: Final = string.ascii_letters + string.digits


class Role(msgspec.Struct):
    """A role that callers may act under."""

    name: str
    id: int
    created_at: str
    description: str = ""


class User(msgspec.Struct):
    """Someone who calls."""

    id: int
    created_at: str


class Assignment(msgspec.Struct):
    """A role assigned to a user."""

    user: int
    role: str
    created_at: str


class ApiKey(msgspec.Struct, kw_only=True):
    """An API key with the digest of its secret; it never expires if `expires` is 0."""

    id: str
    digest: str
    user: int
    created_at: str
    expires: int = 0
    status: Literal["ENABLED", "DISABLED"] = "ENABLED"
    comment: str = ""


class KeyUse(msgspec.Struct):
    """When a key was last used; apart from the key, which others may change concurrently."""

    nanoseconds: int


class Caller(NamedTuple):
    """The user who calls, and the key."""

    user: int
    key: str


class Iam:
    """Users, API keys, roles, and their assignments."""

    def __init__(self, documents: DocumentStore, clock: Clock) -> None:
        self._lock = documents.lock
        self._clock = clock
        self._users = documents.collection("user", User)
        self._keys = documents.collection("api-key", ApiKey)
        self._uses = documents.collection("api-key-use", KeyUse)
        self._roles = documents.collection("role", Role)
        self._assignments = documents.collection("assignment", Assignment)

    def add_defaults(self, token: str, roles: tuple[str, ...]) -> None:
        """Add what exists at every start; the token is a key again, even if it was deleted."""
        with self._lock:
            self._users.add(str(FIRST_USER), User(FIRST_USER, self._clock.now()))
            for name in (*ADMINS, *roles):
                if self._roles.get(name) is None:
                    self.add_role(name)
            for key in self.keys(FIRST_USER):
                if key.id == START_KEY:
                    self._keys.delete(key.digest)
            key = ApiKey(
                id=START_KEY,
                digest=_digest(token),
                user=FIRST_USER,
                created_at=self._clock.now(),
                comment="The key that this emulator was started with.",
            )
            self._keys.put(key.digest, key)

    # Users and roles

    def add_user(self, user_id: int, roles: tuple[str, ...], secret: str = "") -> str:
        """Add a user with some roles; return the API key's secret, a new one unless it is given."""
        with self._lock:
            for role in roles:
                self.require_role(role)
            if not self._users.add(str(user_id), User(user_id, self._clock.now())):
                raise already_exists("User", f"There is a user {user_id} already.")
            for role in roles:
                self._assign(user_id, role)
            return self.create_key(user_id, days=0, comment="", secret=secret)[1]

    def add_role(self, name: str, description: str = "") -> Role:
        """Add a role and assign it to the first user."""
        with self._lock:
            number = _FIRST_ROLE + 2 * len(self._roles)
            role = Role(name, number, self._clock.now(), description)
            if not self._roles.add(name, role):
                raise already_exists("Role", f"There is a role {name!r} already.")
            self._assign(FIRST_USER, name)
            return role

    def roles(self) -> list[Role]:
        """Return every role."""
        return self._roles.all()

    def require_role(self, name: str) -> Role:
        """Return a role; 404 if there is none."""
        return self._roles.require(name, "Role")

    def active_role(self, user: int, name: str | None) -> str:
        """Return the role that a call acts under: the named one, or the user's default.

        That the default role is the first that was assigned is inferred.
        """
        held = [a.role for a in self.assignments(user)]
        if name and name not in held:
            there = "is not assigned to them" if self._roles.get(name) else "does not exist"
            known = ", ".join(held) or "no role"
            raise EmulatorError(
                403, "Role_NotFound", f"The role {name!r} {there}: user {user} holds {known}."
            )
        if not held:
            raise EmulatorError(403, "Role_NotFound", f"The user {user} holds no role.")
        return name or held[0]

    def assignments(self, user: int | None = None) -> list[Assignment]:
        """Return all assignments, or those of a user."""
        found = self._assignments.all()
        return [a for a in found if user is None or a.user == user]

    def assign(self, user: int, role: str) -> Assignment:
        """Assign a role to a user, unless that was done before.

        The vendor's console assigns AccountAdmin to nobody but the account's first user.
        """
        with self._lock:
            self._require(user, role)
            if role == ACCOUNT_ADMIN and user != FIRST_USER:
                raise invalid("Assignment", f"{role} belongs to the account's first user alone.")
            return self._assign(user, role)

    def unassign(self, user: int, role: str) -> Assignment:
        """Remove a role from a user."""
        with self._lock:
            self._require(user, role)
            if role == ACCOUNT_ADMIN:
                raise invalid("Assignment", f"{role} stays with the account's first user.")
            found = self._assignments.get(_pair(user, role))
            if found is None:
                raise not_found("Assignment", f"{role} to {user}")
            self._assignments.delete(_pair(user, role))
            return found

    def _require(self, user: int, role: str) -> None:
        self.require_role(role)
        if self._users.get(str(user)) is None:
            raise EmulatorError(
                404,
                "User_NotFound",
                f"The user {user} does not exist. The API makes no users; in this emulator,"
                " POST /_emulator/users does.",
            )

    def _assign(self, user: int, role: str) -> Assignment:
        if found := self._assignments.get(_pair(user, role)):
            return found
        assignment = Assignment(user, role, self._clock.now())
        self._assignments.put(_pair(user, role), assignment)
        return assignment

    # API keys

    def create_key(
        self, user: int, days: int, comment: str, secret: str = ""
    ) -> tuple[ApiKey, str]:
        """Create a key that expires after some days, never with 0; return it and its secret.

        At most two keys per user are documented; the status of the refusal is inferred. That a
        secret consists of the key's id, a colon and more is inferred from keys seen in public.
        """
        with self._lock:
            if len(self.keys(user)) >= _MAX_KEYS:
                raise EmulatorError(
                    409,
                    "ApiKey_LimitExceeded",
                    f"The user has {_MAX_KEYS} API keys, and more are not possible; delete one"
                    f" first. (The one that this emulator was started with counts: {START_KEY}.)",
                )
            now = self._clock.nanoseconds()
            key_id = "".join(secrets.choice(_LETTERS) for _ in range(20))
            secret = secret or f"{key_id}:{secrets.token_urlsafe(32)}"
            key = ApiKey(
                id=key_id,
                digest=_digest(secret),
                user=user,
                created_at=timestamp(now),
                expires=_later(now, days) if days else 0,
                comment=comment,
            )
            self._keys.put(key.digest, key)
            return key, secret

    def keys(self, user: int) -> list[ApiKey]:
        """Return the keys of a user."""
        return [key for key in self._keys.all() if key.user == user]

    def describe_key(self, key: ApiKey) -> dict[str, Any]:
        """Return a key as lists show it, without its secret."""
        entry: dict[str, Any] = {
            "id": key.id,
            "status": key.status,
            "comment": key.comment,
            "noExpiry": not key.expires,
            "createdAt": key.created_at,
        }
        if key.expires:
            entry["expiresAt"] = timestamp(key.expires)
        if use := self._uses.get(key.id):
            entry["lastUsedAt"] = timestamp(use.nanoseconds)
        return entry

    def set_key_status(
        self, caller: Caller, key_id: str, status: Literal["ENABLED", "DISABLED"]
    ) -> None:
        """Enable or disable a key."""
        with self._lock:
            key = self._own(caller.user, key_id)
            if status == "DISABLED":
                _keep_start_key(caller, key_id)
            key.status = status
            self._keys.put(key.digest, key)

    def extend_key(self, user: int, key_id: str, days: int) -> None:
        """Extend a key; an expired one counts from now (inferred)."""
        with self._lock:
            key = self._own(user, key_id)
            if not key.expires:
                raise invalid("ApiKey", f"The API key {key_id!r} never ends; nothing to extend.")
            key.expires = _later(max(key.expires, self._clock.nanoseconds()), days)
            self._keys.put(key.digest, key)

    def delete_key(self, caller: Caller, key_id: str) -> None:
        """Delete a key."""
        with self._lock:
            key = self._own(caller.user, key_id)
            _keep_start_key(caller, key_id)
            self._keys.delete(key.digest)
            self._uses.delete(key_id)

    def authenticate(self, secret: str) -> Caller:
        """Return the caller who has a key; an error if the key is not valid."""
        now = self._clock.nanoseconds()
        with self._lock:
            key = self._keys.get(_digest(secret))
            if key is None:
                raise unauthenticated("The API key in Authorization is wrong, or was deleted.")
            if key.status != "ENABLED":
                raise unauthenticated(f"The API key {key.id} is disabled.")
            if key.expires and key.expires <= now:
                raise unauthenticated(f"The API key {key.id} ended at {timestamp(key.expires)}.")
            use = self._uses.get(key.id)
            if use is None or now - use.nanoseconds >= SECOND:
                self._uses.put(key.id, KeyUse(now))
        return Caller(key.user, key.id)

    def _own(self, user: int, key_id: str) -> ApiKey:
        for key in self.keys(user):
            if key.id == key_id:
                return key
        raise not_found("ApiKey", key_id)


def expiry_in_days(body: dict[str, Any]) -> int:
    """Read the days until a new key expires, 0 for never.

    The vendor documents that keys must be renewed within 90 days; that this is the default is
    inferred.
    """
    if body.get("noExpiry"):
        return 0
    return positive_days(body.get("expiryInDays", _DEFAULT_EXPIRY), "expiryInDays")


def positive_days(days: object, name: str) -> int:
    """Return a number of days above 0; 400 for anything else."""
    if not isinstance(days, int) or days < 1:
        raise invalid("ApiKey", f"{name} must be a number of days above 0.")
    return days


def unauthenticated(message: str) -> EmulatorError:
    """Make the error for a missing or invalid key."""
    return EmulatorError(401, "Auth_Unauthenticated", message)


def _keep_start_key(caller: Caller, key_id: str) -> None:
    """Refuse that the only key locks its owner out of the emulator.

    A rotation is possible: the new key may disable or delete the old one.
    """
    if key_id == caller.key == START_KEY:
        raise illegal_state(
            "ApiKey",
            "This emulator does not let the token that it was started with end itself, for then"
            " nobody could call. Make another API key, and end this one with that.",
        )


def _later(nanoseconds: int, days: int) -> int:
    later = nanoseconds + days * DAY
    if later > LATEST:
        raise invalid("ApiKey", "So many days lead beyond the year 2499.")
    return later


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _pair(user: int, role: str) -> str:
    return f"{user} {role}"
