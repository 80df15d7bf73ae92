"""Dictionaries of a database."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.databases import delete_dictionary

from ..._core.options import CallOptions
from ._base import AsyncResource


class AsyncDictionaries(AsyncResource):
    """Delete dictionaries. Statements create and read them.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    async def delete(self, database: str, name: str, **options: Unpack[CallOptions]) -> None:
        """Drop a dictionary. Its source table stays (inferred).

        `DELETE /v1/databases/{db_name}/dictionaries/{dict_name}` (inferred)

        Args:
            database: Name of the database.
            name: Name of the dictionary.
            **options: Options of the call.

        Raises:
            NotFound: There is no such dictionary.
        """
        await self._send(delete_dictionary.plan(database, name), options)
