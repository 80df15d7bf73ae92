"""Delivery of metadata changes."""

from __future__ import annotations

from typing import Unpack, cast

from bytehouse_raw.api.metadata import subscribe_metadata, unsubscribe_metadata
from bytehouse_raw.models import MessageResponse
from bytehouse_raw.plan import Plan

from ..._core.options import CallOptions
from ..._core.secrets import Secret
from ...errors import InvalidArgument
from ._base import AsyncResource

_TOKEN = "X-Bytehouse-Token"  # noqa: S105 - the name of a header


class AsyncMetadata(AsyncResource):
    """Subscribe a user to the metadata of an account, and unsubscribe.

    What is delivered, and where to, is not documented. Every method takes the options of a call
    (`timeout`, `deadline`, `max_retries`, `headers`; see `CallOptions`; these operations take no
    role) and raises the errors of `AsyncByteHouse.send`.
    """

    async def subscribe(
        self, account_id: int | str, user_id: int | str, token: str, **options: Unpack[CallOptions]
    ) -> None:
        """Subscribe to metadata.

        `POST /v1/metadata/subscription` (inferred)

        Args:
            account_id: Id of the account.
            user_id: Id of the user that subscribes.
            token: A JSON Web Token, sent beside the API key; it is shown nowhere.
            **options: Options of the call.

        Raises:
            InvalidArgument: An argument is empty, or cannot travel in a header; nothing was sent.
        """
        secret, token = _masked(token), ""
        plan = subscribe_metadata.plan(**_ids(account_id, user_id), x_bytehouse_token=token)
        await self._send(_with_token(plan, secret), options)

    async def unsubscribe(
        self, account_id: int | str, user_id: int | str, token: str, **options: Unpack[CallOptions]
    ) -> None:
        """End a subscription to metadata.

        `DELETE /v1/metadata/subscription` (inferred)

        Args:
            account_id: Id of the account.
            user_id: Id of the user that had subscribed.
            token: A JSON Web Token, sent beside the API key; it is shown nowhere.
            **options: Options of the call.

        Raises:
            InvalidArgument: An argument is empty, or cannot travel in a header; nothing was sent.
        """
        secret, token = _masked(token), ""
        plan = unsubscribe_metadata.plan(**_ids(account_id, user_id), x_bytehouse_token=token)
        await self._send(_with_token(plan, secret), options)


def _masked(token: str) -> Secret:
    # This does not refuse: a traceback would show the caller's variable before it is hidden.
    return Secret(token if isinstance(token, str) else "")


def _with_token(plan: Plan[MessageResponse], token: Secret) -> Plan[MessageResponse]:
    if not token.check(_fits_header):
        raise InvalidArgument("token must be one word of printable ASCII; it is not shown here.")
    # A plan converts its arguments to strings, and `str()` of a secret is "***".
    headers = {**plan.headers, _TOKEN: cast("str", token)}  # plain only on the wire
    return plan._replace(headers=headers)


def _ids(account_id: int | str, user_id: int | str) -> dict[str, str]:
    for name, value in (("account_id", account_id), ("user_id", user_id)):
        known = isinstance(value, int | str) and not isinstance(value, bool)
        if not known or not _fits_header(str(value)):
            raise InvalidArgument(f"{name} must be an id, not {value!r}.")
    return {"x_account_id": str(account_id), "x_user_id": str(user_id)}


def _fits_header(text: str) -> bool:
    """Return whether a header can hold a string as it is."""
    return text != "" and text.isascii() and text.isprintable() and " " not in text
