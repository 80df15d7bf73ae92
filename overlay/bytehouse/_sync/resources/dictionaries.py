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

    def delete(
        self, database: str, name: str, *, if_exists: bool = False, **options: Unpack[CallOptions]
    ) -> None:
        """Drop a dictionary. Its source table stays (inferred).

        `DELETE /v1/databases/{db_name}/dictionaries/{dict_name}` (inferred)

        Args:
            database: Name of the database.
            name: Name of the dictionary.
            if_exists: Whether it is no error if the service says that there is none.
            **options: Options of the call.

        Raises:
            NotFound: There is no such dictionary.
        """
        self._delete(delete_dictionary.plan(database, name), options, if_exists=if_exists)
