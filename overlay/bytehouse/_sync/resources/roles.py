# Derived from overlay/bytehouse/_async/resources/roles.py by `make generate`. Do not edit.
"""Roles of the account."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.iam import list_roles
from bytehouse_raw.models import Role

from ..._core.options import CallOptions
from ..paginator import Pager
from ._base import Resource


class Roles(Resource):
    """List roles. `assignments` lists who holds them, `permissions` what they allow.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(self, **options: Unpack[CallOptions]) -> Pager[Role]:
        """List all roles of the account.

        `GET /v1/iam/roles` (inferred, and so are the fields of a role and the key of the list)

        Args:
            **options: Options of the call. Its `role` is the one to ask under.

        Raises:
            ResponseDecodeError: It is not clear which part of the response is the list.
        """
        return self._list_of(Role, list_roles.plan(), options)
