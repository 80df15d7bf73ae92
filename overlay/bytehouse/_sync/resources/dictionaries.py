# Derived from overlay/bytehouse/_async/resources/dictionaries.py by `make generate`. Do not edit.
"""Dictionaries of a database."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.databases import delete_dictionary

from ..._core.options import CallOptions
from ._base import Resource


class Dictionaries(Resource):
    """Delete dictionaries. Statements create and read them.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def delete(self, database: str, name: str, **options: Unpack[CallOptions]) -> None:
        """Drop a dictionary. Its source table stays (inferred).

        `DELETE /v1/databases/{db_name}/dictionaries/{dict_name}` (inferred)

        Args:
            database: Name of the database.
            name: Name of the dictionary.
            **options: Options of the call.

        Raises:
            NotFound: There is no such dictionary.
        """
        self._send(delete_dictionary.plan(database, name), options)
