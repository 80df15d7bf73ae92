"""The account itself."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.iam import get_account_status
from bytehouse_raw.models import AccountStatus

from ..._core.options import CallOptions
from ._base import AsyncResource


class AsyncAccount(AsyncResource):
    """Read the state of the account.

    The method takes the options of a call (`timeout`, `deadline`, `max_retries`, `headers`; see
    `CallOptions`; the operation takes no role) and raises the errors of `AsyncByteHouse.send`.
    """

    async def status(self, **options: Unpack[CallOptions]) -> AccountStatus:
        """Return the state of the account.

        `GET /v1/iam/account/status` (inferred, and so are the fields of the response)

        Args:
            **options: Options of the call.
        """
        return await self._data(get_account_status.plan(), options)
