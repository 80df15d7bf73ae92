"""Jobs that load data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Unpack

from bytehouse_raw.api.data_loading import (
    create_import_job,
    delete_import_job,
    describe_import_job,
    get_import_job,
    get_import_job_start_arguments,
    list_import_job_executions,
    list_import_jobs,
    rename_import_job,
    start_import_job,
    stop_import_job,
    update_import_job,
)
from bytehouse_raw.models import (
    CreateImportJobRequest,
    DescribeImportJobRequest,
    Execution,
    ImportJob,
    ImportJobStartArguments,
    ImportJobState,
    RenameImportJobRequest,
    UpdateImportJobRequest,
)

from ..._core.options import CallOptions
from ..._params.import_configuration import ImportConfiguration
from ..._params.import_jobs import (
    ConfigurationLike,
    JobState,
    SchemaFile,
    SourceSchema,
    definition,
    execution_id_of,
    short_name,
    start_request,
)
from ...errors import APIError, InvalidArgument, PermissionDenied
from ..execution_handle import AsyncExecutionHandle
from ..paginator import AsyncPager
from ..warehouse_ids import warehouse_id
from ._base import AsyncResource, is_missing


class AsyncImportJobs(AsyncResource):
    """List, define, change, start and stop import jobs.

    Example:
        configuration = ImportConfiguration(S3Source("orders/*.csv"), "sales.orders", "APPEND")
        job = await client.import_jobs.create(
            "orders", configuration=configuration, connection_id=connection.id
        )
        handle = await client.import_jobs.start(job.id)
        print(await handle.wait())

    A job says where to read, where to write and how; each run of it is an execution. The docs do
    not show the keys of a configuration or of a source schema: `ImportConfiguration` knows the
    likely ones (inferred), and a mapping by wire name is always accepted and sent as it is. `load`
    of the client does all of this in one call.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[ImportJob]:
        """Iterate over the import jobs.

        `GET /v1/import/jobs` (inferred, and so are the fields of a job and the key of the next
        page)

        Args:
            limit: At most so many jobs in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(list_import_jobs.plan(), options, limit, page_size)

    async def create(
        self,
        name: str,
        *,
        configuration: ConfigurationLike,
        source_schema: SourceSchema | None = None,
        connection_id: int | None = None,
        description: str | None = None,
        schema_file: SchemaFile | None = None,
        state: JobState = "PUBLISHED",
        **options: Unpack[CallOptions],
    ) -> ImportJob:
        """Define an import job. Nothing runs until it is started.

        `POST /v1/import/jobs` (inferred, and so are the keys of `configuration` and `source_schema`
        and the fields of the response); before it, for an `ImportConfiguration`, `GET` of the
        connection and of the table (inferred)

        Args:
            name: Name, of 128 characters at most.
            configuration: Where to read, where to write and how: an `ImportConfiguration`, or a
                mapping by wire name, which is not checked.
            source_schema: Columns of the source, of a CSV file without a header for instance: their
                names, or a mapping by wire name. Batch sources do not need it (documented).
            connection_id: Id of the connection to read through; 0 for a job that reads from
                ByteHouse.
            description: Free text.
            schema_file: Protobuf schema for a Kafka topic in Protobuf: as a string, as bytes, or
                the path of its file; sent in Base64.
            state: ``PUBLISHED``, or ``DRAFT`` for a job that is not complete yet.
            **options: Options of the call.

        Returns:
            The job, with its id.

        Raises:
            InvalidArgument: The name is empty or too long, the state is not known, the schema file
                cannot be read, or a job by this configuration could never start, as its connection
                is missing or to another kind of source, or its table does not exist. No job was
                created.
            Conflict: There is such a job already.
        """
        fields = await self._definition(
            name,
            options,
            configuration=configuration,
            source_schema=source_schema,
            connection_id=connection_id,
            description=description,
            schema_file=schema_file,
            state=state,
        )
        body = CreateImportJobRequest(**fields)
        return await self._data(create_import_job.plan(body=body), options)

    async def _definition(
        self, name: str, options: CallOptions, *, configuration: ConfigurationLike, **rest: Any
    ) -> dict[str, Any]:
        """Return the fields that define a job, once it is known that the job can start."""
        fields = definition(name, configuration=configuration, **rest)
        if isinstance(configuration, ImportConfiguration):
            if configuration.warehouse is not None:
                found = await warehouse_id(self._client, configuration.warehouse, options)
                fields["configuration"]["target"]["vwID"] = found
            if fields["state"] is ImportJobState.PUBLISHED:
                await self._check_existence(configuration, fields["connection_id"], options)
        return fields

    async def _check_existence(
        self, configuration: ImportConfiguration, connection_id: int | None, options: CallOptions
    ) -> None:
        """Refuse a job whose table or connection does not fit; what the role may not read is left
        to the service.

        Raises:
            InvalidArgument: There is no such table, or the connection is to another kind of source.
            NotFound: There is no such connection.
        """
        table = ".".join(configuration.into.parts)
        try:
            live = await self._client.tables.get(*configuration.into.parts, **options)
        except APIError as error:
            if is_missing(error):
                raise InvalidArgument(
                    f"There is no table {table}, so the job could never start.",
                    hint="Create it first; `tables.ensure` does if it is missing.",
                ) from error
        else:
            if "VIEW" in str(live.type).upper():
                raise InvalidArgument(f"{table} is a view, into which nothing can be loaded.")
        if connection_id:
            with suppress(PermissionDenied):
                connection = await self._client.connections.get(connection_id, **options)
                wanted = configuration.source.type.value
                found = getattr(connection, "type", None)
                if found is not None and str(found).upper() != wanted:
                    raise InvalidArgument(
                        f"The job reads from {wanted}, and the connection {connection_id} is to "
                        f"{found}."
                    )

    async def get(self, job_id: int, **options: Unpack[CallOptions]) -> ImportJob:
        """Return one import job.

        `GET /v1/import/jobs/{id}` (inferred, and so are the fields of a job)

        Args:
            job_id: Id of the job.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        return await self._data(get_import_job.plan(job_id), options)

    async def update(
        self,
        job_id: int,
        name: str,
        *,
        configuration: ConfigurationLike,
        source_schema: SourceSchema | None = None,
        connection_id: int | None = None,
        description: str | None = None,
        schema_file: SchemaFile | None = None,
        state: JobState = "PUBLISHED",
        **options: Unpack[CallOptions],
    ) -> None:
        """Replace the whole definition of an import job.

        `PUT /v1/import/jobs/{id}` (inferred, and so are the keys of `configuration` and
        `source_schema`)

        Args:
            job_id: Id of the job.
            name: Name, of 128 characters at most.
            configuration: Where to read, where to write and how: an `ImportConfiguration`, or a
                mapping by wire name, which is not checked.
            source_schema: Columns of the source, of a CSV file without a header for instance: their
                names, or a mapping by wire name. Batch sources do not need it (documented).
            connection_id: Id of the connection to read through; 0 for a job that reads from
                ByteHouse.
            description: Free text.
            schema_file: Protobuf schema, as in `create`.
            state: ``PUBLISHED``, or ``DRAFT`` for a job that is not complete yet.
            **options: Options of the call.

        Raises:
            InvalidArgument: As in `create`; nothing was changed.
            NotFound: There is no such job.
        """
        fields = await self._definition(
            name,
            options,
            configuration=configuration,
            source_schema=source_schema,
            connection_id=connection_id,
            description=description,
            schema_file=schema_file,
            state=state,
        )
        body = UpdateImportJobRequest(**fields)
        await self._send(update_import_job.plan(job_id, body=body), options)

    async def delete(self, job_id: int, **options: Unpack[CallOptions]) -> None:
        """Delete an import job.

        `DELETE /v1/import/jobs/{id}` (inferred)

        Args:
            job_id: Id of the job.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        await self._send(delete_import_job.plan(job_id), options)

    async def rename(self, job_id: int, name: str, **options: Unpack[CallOptions]) -> None:
        """Rename an import job.

        `PUT /v1/import/jobs/{id}/name` (inferred)

        Args:
            job_id: Id of the job.
            name: New name, of 128 characters at most.
            **options: Options of the call.

        Raises:
            InvalidArgument: The name is empty or too long; nothing was sent.
            NotFound: There is no such job.
        """
        body = RenameImportJobRequest(name=short_name(name))
        await self._send(rename_import_job.plan(job_id, body=body), options)

    async def describe(self, job_id: int, description: str, **options: Unpack[CallOptions]) -> None:
        """Change the description of an import job.

        `PUT /v1/import/jobs/{id}/description` (inferred)

        Args:
            job_id: Id of the job.
            description: Free text; may be empty.
            **options: Options of the call.

        Raises:
            InvalidArgument: The description is not a string; nothing was sent.
            NotFound: There is no such job.
        """
        body = DescribeImportJobRequest(description=description)
        await self._send(describe_import_job.plan(job_id, body=body), options)

    async def start_arguments(
        self, job_id: int, **options: Unpack[CallOptions]
    ) -> ImportJobStartArguments:
        """Return the arguments that a job takes when it is started.

        `GET /v1/import/jobs/{id}/start` (inferred, and so are the keys of the response)

        Args:
            job_id: Id of the job.
            **options: Options of the call.

        Raises:
            NotFound: There is no such job.
        """
        plan = get_import_job_start_arguments.plan(job_id)
        return await self._data(plan, options)

    async def start(
        self,
        job_id: int,
        *,
        file_names: Iterable[str] | str | None = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncExecutionHandle:
        """Start a job and return a handle to the execution.

        `POST /v1/import/jobs/{id}/start` (inferred, and so is how the response names the execution)

        It is retried only if it certainly never reached the service.

        Args:
            job_id: Id of the job.
            file_names: File or files to load; several are joined by commas (inferred).
            arguments: Further arguments by their names on the wire; `start_arguments` may
                list them.
            **options: Options of the call; the handle's calls take the role too.

        Returns:
            A handle to it; a wait on it that ends early stops the job, unless
            `cancel` says otherwise.

        Raises:
            InvalidArgument: `file_names` is empty or given twice; nothing was sent.
            NotFound: There is no such job.
            OutcomeUnknown: No response was received; `executions` lists what runs.
            ResponseDecodeError: The job was started, but the response does not name the execution.
        """
        plan = start_import_job.plan(job_id, body=start_request(file_names, arguments))
        response = await self._send(plan, options)
        execution_id = execution_id_of(response, plan.operation.id)
        return AsyncExecutionHandle(self._client, execution_id, job_id, options, started=True)

    async def stop(self, job_id: int, **options: Unpack[CallOptions]) -> None:
        """Stop what a job is running.

        `POST /v1/import/jobs/{id}/stop` (inferred)

        Args:
            job_id: Id of the job.
            **options: Options of the call.

        Raises:
            NotFound: There is no such job.
        """
        await self._send(stop_import_job.plan(job_id), options)

    def executions(
        self,
        job_id: int,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[Execution]:
        """Iterate over the executions of a job.

        `GET /v1/import/jobs/{id}/executions` (inferred, and so are the fields of an execution and
        the key of the next page)

        Args:
            job_id: Id of the job.
            limit: At most so many executions in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        plan = list_import_job_executions.plan(job_id)
        return self._list(plan, options, limit, page_size)
