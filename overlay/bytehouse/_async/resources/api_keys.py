"""API keys of the calling user."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Literal, Unpack

import attrs

from bytehouse_raw.api.iam import (
    create_api_key,
    delete_api_key,
    extend_api_key_expiry,
    list_api_keys,
    set_api_key_status,
)
from bytehouse_raw.models import (
    ApiKey,
    ApiKeyStatus,
    CreateApiKeyRequest,
    ExtendApiKeyExpiryRequest,
    SetApiKeyStatusRequest,
)

from ..._api.polling import WaitState
from ..._core.options import CallOptions
from ..._core.times import Duration, to_timedelta, whole_days
from ..._core.validation import require_name
from ..._params.api_keys import (
    KeyRotation,
    NewApiKey,
    Rotation,
    Store,
    check_store,
    create_key_request,
    expiring_keys,
    new_key_of,
    secret_not_found,
    without_body,
)
from ...errors import (
    APIError,
    AuthenticationError,
    ByteHouseError,
    InvalidArgument,
    PermissionDenied,
    ResponseDecodeError,
)
from ..paginator import AsyncPager
from ._base import AsyncResource

_PROPAGATION_TIMEOUT = 30.0  # seconds in which a new key may not be known everywhere yet


class AsyncApiKeys(AsyncResource):
    """Create, list, rotate and delete the API keys of the calling user, who can have two.

    A key's id is not its secret. Every method takes the options of a call (`role`, `timeout`,
    `deadline`, `max_retries`, `headers`; see `CallOptions`) and raises the errors of
    `AsyncByteHouse.send`.
    """

    async def create(
        self,
        *,
        expires_in: int | Duration | None = None,
        no_expiry: bool = False,
        comment: str | None = None,
        **options: Unpack[CallOptions],
    ) -> NewApiKey:
        """Create a key. Its secret is shown this once; nothing of the client stores it.

        `POST /v1/iam/api-keys` (inferred, and so is the field that holds the secret)

        Args:
            expires_in: How long the key lives, in whole days: a number of them, a timedelta, or a
                text such as ``90d``. What is not whole days is refused, not rounded. The
                service asks for keys to be renewed within 90 days.
            no_expiry: Whether the key never expires. One of the two must be given.
            comment: Free text.
            **options: Options of the call.

        Returns:
            The key; `key.secret.reveal()` returns it as a plain string.

        Raises:
            InvalidArgument: It is not clear how long the key is to live; nothing was sent.
            ResponseDecodeError: A key was created, but its secret is under no known name.
            OutcomeUnknown: No response was received; a key whose secret nobody knows may exist.
            APIError: The service refused, such as for a third key.
        """
        return await self._create(create_key_request(expires_in, no_expiry, comment), options)

    async def _create(self, body: CreateApiKeyRequest, options: CallOptions) -> NewApiKey:
        unsafe: APIError | ResponseDecodeError
        try:
            key, found = new_key_of(await self._send(create_api_key.plan(body=body), options))
        except (APIError, ResponseDecodeError) as error:
            unsafe = error
        else:
            if found:
                return key
            unsafe = secret_not_found(key)
        raise without_body(unsafe)

    def list(self, **options: Unpack[CallOptions]) -> AsyncPager[ApiKey]:
        """List all keys of the user, without their secrets.

        `GET /v1/iam/api-keys` (inferred, and so are the fields of a key)

        Args:
            **options: Options of the call.
        """
        return self._list_of(ApiKey, list_api_keys.plan(), options)

    async def delete(self, key_id: str, **options: Unpack[CallOptions]) -> None:
        """Delete a key permanently. Programs that still use it are rejected at once.

        `DELETE /v1/iam/api-keys/{api_key_id}` (inferred)

        Args:
            key_id: Id of the key.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        await self._send(delete_api_key.plan(require_name(key_id, "key_id")), options)

    async def set_status(
        self,
        key_id: str,
        status: ApiKeyStatus | Literal["ENABLED", "DISABLED"],
        **options: Unpack[CallOptions],
    ) -> None:
        """Enable or disable a key.

        `PUT /v1/iam/api-keys/{api_key_id}/status` (inferred)

        Args:
            key_id: Id of the key.
            status: ``ENABLED`` or ``DISABLED``.
            **options: Options of the call.

        Raises:
            InvalidArgument: There is no such status; nothing was sent.
            NotFound: There is no such key.
        """
        if not isinstance(status, str) or status.upper() not in list(ApiKeyStatus):
            raise InvalidArgument(f"status must be ENABLED or DISABLED, not {status!r}.")
        body = SetApiKeyStatusRequest(status=ApiKeyStatus(status.upper()))
        await self._send(
            set_api_key_status.plan(require_name(key_id, "key_id"), body=body), options
        )

    async def enable(self, key_id: str, **options: Unpack[CallOptions]) -> None:
        """Enable a key; see `set_status`.

        Args:
            key_id: Id of the key.
            **options: Options of the call.
        """
        await self.set_status(key_id, ApiKeyStatus.ENABLED, **options)

    async def disable(self, key_id: str, **options: Unpack[CallOptions]) -> None:
        """Disable a key; see `set_status`. Disabling the one in use shuts this client out.

        Args:
            key_id: Id of the key.
            **options: Options of the call.
        """
        await self.set_status(key_id, ApiKeyStatus.DISABLED, **options)

    async def extend(self, key_id: str, by: int | Duration, **options: Unpack[CallOptions]) -> None:
        """Let a key live longer. Sent once only, because each time adds to it.

        `PUT /v1/iam/api-keys/{api_key_id}/expiry` (inferred)

        Args:
            key_id: Id of the key.
            by: Whole days to add: a number of them, a timedelta, or a string such as ``30d``.
            **options: Options of the call.

        Raises:
            InvalidArgument: `by` is not whole days, at least one; nothing was sent.
            NotFound: There is no such key.
            OutcomeUnknown: No response was received; whether the days were added, see `list`.
        """
        body = ExtendApiKeyExpiryRequest(add_expiry_in_days=whole_days(by, "by"))
        await self._send(
            extend_api_key_expiry.plan(require_name(key_id, "key_id"), body=body), options
        )

    async def expiring(
        self, within: Duration = "14d", **options: Unpack[CallOptions]
    ) -> builtins.list[ApiKey]:
        """Return the keys that expire soon or have expired, the first to expire first.

        Sends what `list` sends. A key that says neither when it expires nor that it never does
        comes last: the fields of a key are inferred, and none that may expire is left out. Its
        `expires_at` is then not a datetime.

        Args:
            within: How soon: a timedelta, or a string such as ``14d``.
            **options: Options of the call.

        Raises:
            InvalidArgument: `within` is not a duration; nothing was sent.
        """
        soon = to_timedelta(within, "within")
        keys = await self.list(**options).all()
        return expiring_keys(keys, datetime.fromtimestamp(self._clock.now(), UTC), soon)

    async def rotate(
        self,
        *,
        store: Store,
        current_id: str | None = None,
        expires_in: int | Duration | None = None,
        no_expiry: bool = False,
        comment: str | None = None,
        replace: str | None = None,
        **options: Unpack[CallOptions],
    ) -> KeyRotation:
        """Put a new key in the place of the one in use, and delete that.

        Lists the keys; deletes the one named by `replace`, if any; creates a key; lists the keys
        under the new one, for up to 30 seconds until it works; calls `store`; and only then deletes
        the old key, under the new one. What is lost at worst is a key nobody uses:

        ========================  ========================================  ======================
        It ends                   Then there is                             To continue
        ========================  ========================================  ======================
        before creating           the old key (`replace` may be deleted)    call it again
        while creating            the old key, perhaps a new one, unstored  ``replace=`` the new
        before `store` returns    the old key and a new one, unstored       ``replace=`` the new
        before deleting           both; the new one works and is stored     delete the old one
        ========================  ========================================  ======================

        The error says which it was. This client still uses the key it was configured with: make a
        new one, or let `api_key` be a callable or a reference that returns what `store` has stored.

        Args:
            store: Called with the new key, once that has worked; keep `key.secret.reveal()` where
                your programs take their key from. The old key is deleted when it has returned, and
                stays if it raises. A plain function in either flavour of the client.
            current_id: Id of the key in use. The service does not say which one that is; it may be
                left out if there is only one.
            expires_in: How long the new key lives, see `create`.
            no_expiry: Whether it never expires, see `create`.
            comment: Free text.
            replace: Id of another key, to be deleted first if both slots are taken.
            **options: Options of each call.

        Returns:
            What was done: the new key, the id of the old one, and a description of each step.

        Raises:
            InvalidArgument: It is not clear which key is in use, or there is no room for another;
                nothing was changed.
            ByteHouseError: A step failed; the hint describes the state it left behind.
        """
        body = create_key_request(expires_in, no_expiry, comment)
        check_store(store)
        rotation = Rotation(await self.list(**options).all(), current_id, replace)
        with rotation.explaining_errors():
            if rotation.replace is not None:
                await self._ensure_deleted(rotation.replace, options)
                rotation.on_replaced()
            key = await self._create(body, options)
            rotation.on_created(key)
            after = self._under(key)
            rotation.on_listed(await after._first_list(options))
            rotation.store(store)
            await after._ensure_deleted(rotation.old_id, options)
        return rotation.on_done(key)

    def _under(self, key: NewApiKey) -> AsyncApiKeys:
        """Return the same methods, called with another key."""
        options = attrs.evolve(self._client._options, api_key=key.secret)
        return AsyncApiKeys(self._client._view(options))

    async def _first_list(self, options: CallOptions) -> builtins.list[ApiKey]:
        """List the keys, once the key in use is known everywhere."""
        waiting = WaitState(_PROPAGATION_TIMEOUT, self._clock)
        while True:
            try:
                return await self.list(**options).all()
            except ByteHouseError as error:
                unknown = isinstance(error, AuthenticationError | PermissionDenied)
                if not waiting.left or not (unknown or waiting.tolerates(error)):
                    raise
            await self._clock.asleep(waiting.pause())

    async def _ensure_deleted(self, key_id: str, options: CallOptions) -> None:
        """Delete a key; an error is raised only if the key is still there."""
        try:
            await self.delete(key_id, **options)
        except ByteHouseError:
            if await self._may_exist(key_id, options):
                raise

    async def _may_exist(self, key_id: str, options: CallOptions) -> bool:
        try:
            return key_id in [getattr(key, "id", None) for key in await self.list(**options).all()]
        except ByteHouseError:
            return True
