"""Find a new API key in a response, and keep the state of a key rotation. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import Any, cast

import attrs

from bytehouse_raw import models
from bytehouse_raw.types import Model

from .._core.html import HtmlRepr
from .._core.json import bare_name
from .._core.secrets import Secret
from .._core.times import Duration, whole_days
from .._core.validation import optional_string
from ..errors import APIError, ByteHouseError, InvalidArgument, OutcomeUnknown, ResponseDecodeError

MAX_KEYS = 2
"""How many keys a user can have (documented)."""

# The docs name no field of a new key: the first of these that is present counts, whatever its case.
_SECRET_NAMES = ("apikey", "key", "secret", "token", "value", "apikeysecret", "secretkey",
                 "apisecret", "apikeyvalue", "keyvalue", "plaintext")  # fmt: skip
_ID_NAMES = ("id", "apikeyid", "keyid", "uuid")


class NewApiKey(models.CreatedApiKey):
    """Hold a new API key. The service shows its secret this once and never again.

    No repr, log or traceback shows the secret, and the object cannot be pickled.
    `key.secret.reveal()` returns the plain text; an f-string or `str()` returns ``***``.
    """

    @property
    def secret(self) -> Secret:
        """The key itself, as it goes into `api_key` of a client."""
        return Secret(self.api_key or "")


Store = Callable[[NewApiKey], object]


def create_key_request(
    expires_in: int | Duration | None, no_expiry: bool, comment: str | None
) -> models.CreateApiKeyRequest:
    """Return the body of a request for a new key.

    Raises:
        InvalidArgument: The lifetime of the key is missing, given twice, or not in whole days.
    """
    if bool(no_expiry) != (expires_in is None):
        raise InvalidArgument(
            "Say how long the key lives: either expires_in='90d' or so, or no_expiry=True."
        )
    count = None if expires_in is None else whole_days(expires_in, "expires_in")
    return models.CreateApiKeyRequest(
        no_expiry=bool(no_expiry),
        expiry_in_days=count,
        comment=optional_string(comment, "comment"),
    )


def new_key_of(response: models.CreateApiKeyResponse) -> tuple[NewApiKey, bool]:
    """Return the key in a response, and whether its secret was found.

    It never raises, so that no traceback has the response among its locals.
    """
    data: Any = response.data
    if isinstance(data, Model):
        data = data.to_dict()
    places = {"data": data, **response.additional_properties}
    secret = Secret(data) if data and _is_secret(data) else _secret_in(places)
    key = NewApiKey.from_dict(_masked(data, secret) if isinstance(data, dict) else {})
    found_id = _string_in(places, _ID_NAMES)
    if found_id and not key_id(key):
        key.id = found_id
    key.api_key = cast("str | None", secret)  # shown as *** as well
    if response.raw_response is not None:
        key.received(response.raw_response)
    return key, secret is not None


def key_id(key: models.ApiKey | models.CreatedApiKey) -> str | None:
    """Return the id of a key; None if the response left it out."""
    return getattr(key, "id", None)


def secret_not_found(key: NewApiKey) -> ResponseDecodeError:
    """Return the error for a key that was created, but whose secret was not found."""
    name = f"the key {found}" if (found := key_id(key)) else "a key, of unknown id,"
    error = ResponseDecodeError(
        f"{name} was created, but its secret is under none of the known names",
        operation="create_api_key",
        hint="`error.raw_response.body` holds the response, which is not shown here because the "
        "secret is in it. If you cannot use it, delete the key.",
    )
    error.raw_response = key.raw_response
    return error


def without_body(error: APIError | ResponseDecodeError) -> APIError | ResponseDecodeError:
    """Remove the body of a success from an error, as it may hold the secret of a new key."""
    if error.status is not None and error.status < 300:
        error.body = ""
        if isinstance(error, ResponseDecodeError):
            reason = error.message.partition(" (HTTP")[0]
            error.message = f"{reason}, which is not shown: it may hold the secret of a new key"
            error.hint = (
                "A key was probably created. `error.raw_response.body` holds it; if you "
                "cannot use it, find the key with api_keys.list() and delete it."
            )
            error.args = (error.message,)
    return error.with_traceback(None)  # its frames hold the response


def expiring_keys(
    keys: Sequence[models.ApiKey], now: datetime, within: timedelta
) -> list[models.ApiKey]:
    """Return the keys that expire soon, the first to expire first, then those without a date."""
    dated = [(key.expires_at, key) for key in keys if isinstance(key.expires_at, datetime)]
    soon = [(ends, key) for ends, key in dated if not key.no_expiry and now - ends >= -within]
    undated = [k for k in keys if not k.no_expiry and not isinstance(k.expires_at, datetime)]
    return [key for _, key in sorted(soon, key=lambda pair: pair[0])] + undated


def _is_secret(value: object) -> bool:
    # What a header cannot carry cannot be a key.
    return isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value


def _strings(value: object, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield strings under any of the names, with the index of the name, outermost first."""
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        known = bare_name(name)
        if known in names and item and _is_secret(item):
            yield names.index(known), item
    for item in value.values():
        yield from _strings(item, names)


def _string_in(value: object, names: Sequence[str]) -> str | None:
    return min(_strings(value, names), key=lambda found: found[0], default=(0, None))[1]


def _secret_in(places: dict[str, Any]) -> Secret | None:
    ids = {value for _, value in _strings(places, _ID_NAMES)}
    found = [pair for pair in _strings(places, _SECRET_NAMES) if pair[1] not in ids]
    return Secret(min(found, key=lambda one: one[0])[1]) if found else None


def _masked(value: Any, secret: Secret | None) -> Any:
    """Return a JSON value with the secret in it masked."""
    match value:
        case dict():
            return {name: _masked(item, secret) for name, item in value.items()}
        case list():
            return [_masked(item, secret) for item in value]
        case _:
            return secret if secret is not None and value == secret else value


@attrs.frozen
class KeyRotation(HtmlRepr):
    """Describe what a rotation did.

    Attributes:
        key: The new key, with its secret.
        old_id: Id of the key that it replaces, which is deleted.
        steps: A description of each step, in order.
    """

    key: NewApiKey
    old_id: str
    steps: tuple[str, ...]


class Rotation:
    """Keep the state of one rotation: which key is in use, and what has been done."""

    def __init__(
        self, keys: Sequence[models.ApiKey], current_id: str | None, replace: str | None
    ) -> None:
        ids = [key_id(key) for key in keys]
        if not ids or not all(isinstance(found, str) and found for found in ids):
            raise ResponseDecodeError(
                "the list of keys has no ids, so nothing was changed",
                operation="list_api_keys",
            )
        self.old_id = _key_in_use(ids, current_id)
        self.replace = _key_to_replace(ids, self.old_id, replace)
        self.key: NewApiKey | None = None
        self.steps: list[str] = []
        self._state = "Nothing was changed."

    def on_replaced(self) -> None:
        """Record that the key in the other slot was deleted."""
        self.steps.append(f"deleted key {self.replace}, as requested")
        self._state = (
            f"Key {self.replace} was deleted as requested. Key {self.old_id} is still in use."
        )

    def on_created(self, key: NewApiKey) -> None:
        """Record the new key."""
        self.key = key
        self.steps.append(f"created key {self._new}")
        self._state = (
            f"Key {self._new} was created and not stored; key {self.old_id} is still in use. To "
            f"try again, pass current_id={self.old_id!r}, and the id of the new key as replace."
        )

    def on_listed(self, keys: Sequence[models.ApiKey]) -> None:
        """Record the first list of keys under the new key.

        Raises:
            ResponseDecodeError: It lacks the key in use, so it is the list of another user.
        """
        if self.old_id not in [key_id(key) for key in keys]:
            raise ResponseDecodeError(
                f"the keys listed under the new key are of another user: {self.old_id} is missing",
                operation="list_api_keys",
            )
        self.steps.append(f"listed keys under key {self._new}, which works")

    def store(self, store: Store) -> None:
        """Call `store` with the new key.

        Raises:
            InvalidArgument: It returned an awaitable, so the key is not stored yet.
        """
        self._state = (
            f"Key {self._new} works; whether it was stored is not known. Key {self.old_id} still "
            "works too: nothing was deleted."
        )
        if self.key is not None:
            outcome = store(self.key)
            if isawaitable(outcome):
                if iscoroutine(outcome):
                    outcome.close()
                raise InvalidArgument("store must be a plain function, done when it returns.")
        self.steps.append(f"stored key {self._new}")
        self._state = (
            f"Key {self._new} works and is stored. Key {self.old_id} may still be there: delete "
            f"it with api_keys.delete({self.old_id!r})."
        )

    def on_done(self, key: NewApiKey) -> KeyRotation:
        """Record that the old key was deleted, and return what was done."""
        self.steps.append(f"deleted key {self.old_id}")
        return KeyRotation(key, self.old_id, tuple(self.steps))

    @contextmanager
    def explaining_errors(self) -> Iterator[None]:
        """Add the state of the rotation to any error."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, ByteHouseError):
                error.hint = f"{error.hint} {self._state}{self._warning(error)}".strip()
            else:
                error.add_note(f"API key rotation: {self._state}{self._warning(error)}")
            raise

    def _warning(self, error: BaseException) -> str:
        """Return a warning that a key may have been created, where that is not known."""
        known = isinstance(error, ByteHouseError) and not isinstance(
            error, OutcomeUnknown | ResponseDecodeError
        )
        if self.key is not None or known:
            return ""
        return " A new key may exist whose secret is lost: check with api_keys.list()."

    @property
    def _new(self) -> str:
        return key_id(self.key) or "of unknown id" if self.key else "not yet created"


def check_store(store: Store) -> None:
    """Refuse a `store` that cannot store a key.

    Raises:
        InvalidArgument: It cannot be called, or is a coroutine function.
    """
    if not callable(store) or iscoroutinefunction(store):
        raise InvalidArgument(
            "store must be a plain function that takes the new key and is done when it returns."
        )


def _key_in_use(ids: Sequence[str | None], current_id: str | None) -> str:
    known = ", ".join(str(key_id) for key_id in ids)
    if current_id is None:
        if len(ids) > 1:
            raise InvalidArgument(
                f"There are {len(ids)} keys ({known}), and it is not known which is in use.",
                hint="Name it: current_id=... Nothing was changed.",
            )
        current_id = ids[0]
    if current_id not in ids or current_id is None:
        raise InvalidArgument(
            f"There is no key {current_id}; there are {known}.", hint="Nothing was changed."
        )
    return current_id


def _key_to_replace(ids: Sequence[str | None], current_id: str, replace: str | None) -> str | None:
    if replace == current_id:
        raise InvalidArgument(
            f"Key {replace} is in use; replace names the other one.", hint="Nothing was changed."
        )
    if replace is not None and replace not in ids:
        raise InvalidArgument(f"There is no key {replace}.", hint="Nothing was changed.")
    if replace is None and len(ids) >= MAX_KEYS:
        others = ", ".join(str(key_id) for key_id in ids if key_id != current_id)
        raise InvalidArgument(
            f"A user can have {MAX_KEYS} keys and has {len(ids)}: there is no room for another.",
            hint=f"Say which to delete first: replace=... ({others}). Nothing was changed.",
        )
    return replace
