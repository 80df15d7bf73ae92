# Derived from overlay/bytehouse/_async/resource_client.py by `make generate`. Do not edit.
"""A client with the resources of the API as its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base_client import BaseClient

if TYPE_CHECKING:
    from .resources.account import Account
    from .resources.api_keys import ApiKeys
    from .resources.assignments import Assignments
    from .resources.connections import Connections
    from .resources.databases import Databases
    from .resources.dictionaries import Dictionaries
    from .resources.executions import Executions
    from .resources.import_jobs import ImportJobs
    from .resources.metadata import Metadata
    from .resources.partitions import Partitions
    from .resources.permissions import Permissions
    from .resources.queries import Queries
    from .resources.roles import Roles
    from .resources.statistics import Statistics
    from .resources.tables import Tables
    from .resources.usage import Usage
    from .resources.views import Views
    from .resources.warehouses import Warehouses


class ResourceClient(BaseClient):
    """Hold the resources of the API. Each is imported when it is first used."""

    @property
    def databases(self) -> Databases:
        """Databases."""
        from .resources.databases import Databases

        return Databases(self)

    @property
    def tables(self) -> Tables:
        """Tables of a database."""
        from .resources.tables import Tables

        return Tables(self)

    @property
    def partitions(self) -> Partitions:
        """Partitions of a table."""
        from .resources.partitions import Partitions

        return Partitions(self)

    @property
    def views(self) -> Views:
        """Views and materialized views of a database."""
        from .resources.views import Views

        return Views(self)

    @property
    def dictionaries(self) -> Dictionaries:
        """Dictionaries of a database."""
        from .resources.dictionaries import Dictionaries

        return Dictionaries(self)

    @property
    def queries(self) -> Queries:
        """Statements, run synchronously or in the background."""
        from .resources.queries import Queries

        return Queries(self)

    @property
    def api_keys(self) -> ApiKeys:
        """API keys of the calling user."""
        from .resources.api_keys import ApiKeys

        return ApiKeys(self)

    @property
    def roles(self) -> Roles:
        """Roles of the account."""
        from .resources.roles import Roles

        return Roles(self)

    @property
    def assignments(self) -> Assignments:
        """Assignments of roles to users."""
        from .resources.assignments import Assignments

        return Assignments(self)

    @property
    def permissions(self) -> Permissions:
        """Permissions of roles."""
        from .resources.permissions import Permissions

        return Permissions(self)

    @property
    def account(self) -> Account:
        """The account itself."""
        from .resources.account import Account

        return Account(self)

    @property
    def usage(self) -> Usage:
        """Storage and compute usage."""
        from .resources.usage import Usage

        return Usage(self)

    @property
    def statistics(self) -> Statistics:
        """Statistics of queries."""
        from .resources.statistics import Statistics

        return Statistics(self)

    @property
    def connections(self) -> Connections:
        """Stored connections to data sources."""
        from .resources.connections import Connections

        return Connections(self)

    @property
    def import_jobs(self) -> ImportJobs:
        """Import jobs, which load data."""
        from .resources.import_jobs import ImportJobs

        return ImportJobs(self)

    @property
    def executions(self) -> Executions:
        """Runs of import jobs."""
        from .resources.executions import Executions

        return Executions(self)

    @property
    def warehouses(self) -> Warehouses:
        """Virtual warehouses."""
        from .resources.warehouses import Warehouses

        return Warehouses(self)

    @property
    def metadata(self) -> Metadata:
        """Delivery of metadata changes."""
        from .resources.metadata import Metadata

        return Metadata(self)
