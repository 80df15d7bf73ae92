"""A client with the resources of the API as its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base_client import AsyncBaseClient

if TYPE_CHECKING:
    from .resources.account import AsyncAccount
    from .resources.api_keys import AsyncApiKeys
    from .resources.assignments import AsyncAssignments
    from .resources.connections import AsyncConnections
    from .resources.databases import AsyncDatabases
    from .resources.dictionaries import AsyncDictionaries
    from .resources.executions import AsyncExecutions
    from .resources.import_jobs import AsyncImportJobs
    from .resources.metadata import AsyncMetadata
    from .resources.partitions import AsyncPartitions
    from .resources.permissions import AsyncPermissions
    from .resources.queries import AsyncQueries
    from .resources.roles import AsyncRoles
    from .resources.statistics import AsyncStatistics
    from .resources.tables import AsyncTables
    from .resources.usage import AsyncUsage
    from .resources.views import AsyncViews
    from .resources.warehouses import AsyncWarehouses


class AsyncResourceClient(AsyncBaseClient):
    """Hold the resources of the API. Each is imported when it is first used."""

    @property
    def databases(self) -> AsyncDatabases:
        """Databases."""
        from .resources.databases import AsyncDatabases

        return AsyncDatabases(self)

    @property
    def tables(self) -> AsyncTables:
        """Tables of a database."""
        from .resources.tables import AsyncTables

        return AsyncTables(self)

    @property
    def partitions(self) -> AsyncPartitions:
        """Partitions of a table."""
        from .resources.partitions import AsyncPartitions

        return AsyncPartitions(self)

    @property
    def views(self) -> AsyncViews:
        """Views and materialized views of a database."""
        from .resources.views import AsyncViews

        return AsyncViews(self)

    @property
    def dictionaries(self) -> AsyncDictionaries:
        """Dictionaries of a database."""
        from .resources.dictionaries import AsyncDictionaries

        return AsyncDictionaries(self)

    @property
    def queries(self) -> AsyncQueries:
        """Statements, run synchronously or in the background."""
        from .resources.queries import AsyncQueries

        return AsyncQueries(self)

    @property
    def api_keys(self) -> AsyncApiKeys:
        """API keys of the calling user."""
        from .resources.api_keys import AsyncApiKeys

        return AsyncApiKeys(self)

    @property
    def roles(self) -> AsyncRoles:
        """Roles of the account."""
        from .resources.roles import AsyncRoles

        return AsyncRoles(self)

    @property
    def assignments(self) -> AsyncAssignments:
        """Assignments of roles to users."""
        from .resources.assignments import AsyncAssignments

        return AsyncAssignments(self)

    @property
    def permissions(self) -> AsyncPermissions:
        """Permissions of roles."""
        from .resources.permissions import AsyncPermissions

        return AsyncPermissions(self)

    @property
    def account(self) -> AsyncAccount:
        """The account itself."""
        from .resources.account import AsyncAccount

        return AsyncAccount(self)

    @property
    def usage(self) -> AsyncUsage:
        """Storage and compute usage."""
        from .resources.usage import AsyncUsage

        return AsyncUsage(self)

    @property
    def statistics(self) -> AsyncStatistics:
        """Statistics of queries."""
        from .resources.statistics import AsyncStatistics

        return AsyncStatistics(self)

    @property
    def connections(self) -> AsyncConnections:
        """Stored connections to data sources."""
        from .resources.connections import AsyncConnections

        return AsyncConnections(self)

    @property
    def import_jobs(self) -> AsyncImportJobs:
        """Import jobs, which load data."""
        from .resources.import_jobs import AsyncImportJobs

        return AsyncImportJobs(self)

    @property
    def executions(self) -> AsyncExecutions:
        """Runs of import jobs."""
        from .resources.executions import AsyncExecutions

        return AsyncExecutions(self)

    @property
    def warehouses(self) -> AsyncWarehouses:
        """Virtual warehouses."""
        from .resources.warehouses import AsyncWarehouses

        return AsyncWarehouses(self)

    @property
    def metadata(self) -> AsyncMetadata:
        """Delivery of metadata changes."""
        from .resources.metadata import AsyncMetadata

        return AsyncMetadata(self)
