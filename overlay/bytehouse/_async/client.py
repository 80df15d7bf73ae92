"""The client: its configuration, statements, inserts and loads."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Unpack

from .._call.context import Settings
from .._core.arguments import check_arguments
from .._core.clock import Clock
from .._core.config import ATTRIBUTES, Http, KeySource, Mode, load, masked
from .._core.options import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    Options,
    Seconds,
    StatementOptions,
    ViewOptions,
)
from .._core.retry import OnRetry, RetryPolicy
from ..errors import InvalidArgument
from .resource_client import AsyncResourceClient
from .shared import AsyncShared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from clickhouse_connect.driver import AsyncClient

    from bytehouse_raw.models import Execution

    from .._api.load_report import LoadReport
    from .._core.options import CallOptions
    from .._core.times import Duration
    from .._params.import_configuration import FileFormat, LoadMode
    from .._params.import_sources import ConnectionLike
    from .._params.load_sources import LoadSource
    from .._sql.insert import Insertable, InsertResult
    from .._sql.literals import Identifier
    from .._transport.async_transport import AsyncTransport
    from .insert import Via
    from .result import AsyncResult
    from .session import AsyncSession


_WRITTEN: StatementOptions = {"database": None, "settings": {}, "tags": {}}


@check_arguments
class AsyncByteHouse(AsyncResourceClient):
    """Connect to ByteHouse.

    What is not given is taken from the environment (``BYTEHOUSE_HOST``, ``BYTEHOUSE_API_KEY`` and
    so on) or from ``~/.config/bytehouse/config.toml``. Making a client sends nothing; connections
    are opened on demand and shared by all calls. One client may make many calls at once, and may be
    used in a forked process, which opens connections of its own. It cannot be pickled.

    Args:
        host: Host of the tenant, as its console shows it. The scheme is https if not given.
        api_key: The key, a callable that returns it, or a reference: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``. It is read anew for each request, so a rotated key takes
            effect at once.
        role: Role to use. Without it the service uses the user's default role (inferred).
        warehouse: Name or id of the virtual warehouse that queries run on. The id of a name is
            looked up once and kept for five minutes.
        mode: SQL dialect of queries.
        database: Database of the tables that statements and inserts name without one.
        timeout: Seconds, or a timedelta, that one attempt of a call may take; 60 if not given.
        deadline: Seconds, or a timedelta, that a call may take in all; 300 if not given.
        max_retries: How many times a call is retried, when safe; 4 if not given.
        retry_budget: How many retries and probes the client and its views may send in a burst; 100
            if not given. Each success refunds 0.25 of one, so an outage is not multiplied.
        max_body: Bytes that one response may have, decompressed; 1 GiB if not given.
        max_connections: How many connections there are at most; 100 if not given.
        clickhouse_port: Port of the host's ClickHouse interface; 8123 if not given.
        http: HTTP library of an asynchronous client; see "Asynchronous" in docs/guide.md.
        ca_file: PEM file of the certificate authorities to trust.
        client_cert: PEM file with a client certificate and its key.
        proxy: URL of a proxy; without it ``HTTPS_PROXY`` and ``NO_PROXY`` apply.
        application: Name of your application for the User-Agent.
        routes: Routes that differ from the built-in ones, ``{"list_databases": "GET
            /v1/databases"}``, or a TOML file with a ``[routes]`` table. Without it, the file that
            ``bytehouse routes pull`` wrote for the host, if there is one.
        profile: Name of a table in the configuration file.
        config_file: Another configuration file.
        retry_policy: How long the pauses between attempts are.
        on_retry: Called with a `Retry` each time a call goes on after an attempt without a result.
        clock: Source of time, for tests.
        transport: Transport to use, for tests: ``httpx.MockTransport(handler)``. The settings of
            connections do not apply to it; it is closed with the client.

    Raises:
        ConfigError: Host or key are missing, or a value is invalid.
    """

    def __init__(
        self,
        host: str | None = None,
        api_key: KeySource | None = None,
        *,
        role: str | None = None,
        warehouse: str | None = None,
        mode: Mode | None = None,
        database: str | None = None,
        timeout: Seconds | None = None,
        deadline: Seconds | None = None,
        max_retries: int | None = None,
        retry_budget: int | None = None,
        max_body: int | None = None,
        max_connections: int | None = None,
        clickhouse_port: int | None = None,
        http: Http | None = None,
        ca_file: str | PathLike[str] | None = None,
        client_cert: str | PathLike[str] | None = None,
        proxy: str | None = None,
        application: str | None = None,
        routes: Mapping[str, str] | str | PathLike[str] | None = None,
        profile: str | None = None,
        config_file: str | PathLike[str] | None = None,
        retry_policy: RetryPolicy | None = None,
        on_retry: OnRetry | None = None,
        clock: Clock | None = None,
        transport: AsyncTransport | None = None,
    ) -> None:
        given = locals()
        arguments = masked({attribute.name: given[attribute.name] for attribute in ATTRIBUTES})
        del given, api_key, proxy  # so that no traceback shows them
        config = load(arguments, profile=profile, file=config_file)
        hooks = {"retry_policy": retry_policy or RetryPolicy(), "on_retry": on_retry}
        super().__init__(
            AsyncShared(Settings(config, clock or Clock()), transport),
            Options.of(config).replace(hooks),
        )

    async def query(
        self,
        sql: str | PathLike[str],
        *,
        params: Mapping[str, object] | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
        asynchronous: bool = False,
        progress: bool = False,
        session_id: str | None = None,
        **options: Unpack[StatementOptions],
    ) -> AsyncResult:
        """Run one or more statements and return the result of the first that returns rows.

        `POST /v1/sql/sync` (documented; the layout of a result is not, and is detected), or
        `POST /v1/sql/async` (inferred)

        Rows are received as they are read; `results` of the result gives those of further
        statements, and `script` that of each statement. If the wait or the reading ends early
        (time-out, Ctrl-C, cancelled task, the end of a ``with`` block), the query is killed on the
        service before the error is raised. A query that the service moves to the background is
        waited for.

        Args:
            sql: One statement, or several with ``;`` between; or the path of a file with them.
            params: Values for its parameters, ``{name}``, ``{name:Type}`` or ``%(name)s``, written
                as literals. Without it the statement is sent unchanged.
            max_rows: At most so many rows per result; 0 means all.
            async_after: Seconds after which the service moves it to the background, where it is
                waited for (inferred).
            asynchronous: Whether to run it in the background from the beginning and read the
                results when they are ready: for what takes longer than a connection lasts.
            progress: Whether to show a progress bar, in a terminal or a notebook.
            session_id: Session to run in; not with `asynchronous`.
            **options: `database`, `mode`, `warehouse`, `settings`, `tags`, `query_id` and the
                options of a call; see `StatementOptions`. `timeout` is how long the service may
                take to run the statements and to send their results; the client's deadline if not
                given, and an hour for what runs in the background. Your own work on the rows does
                not count. In a session, `database` stays in effect, and the client's is ignored.

        Raises:
            InvalidArgument: The parameters or settings do not match the statement, or both
                `asynchronous` and `session_id` are given; nothing was sent.
            QueryFailed: The engine could not run a statement.
            ResponseDecodeError: The response cannot be parsed.
            TimedOut: A statement that only reads took too long, and was stopped on the service.
            OutcomeUnknown: No response came; whether the statement ran is not known.
        """
        if asynchronous and session_id is not None:
            raise InvalidArgument(
                "A query with `asynchronous` cannot run in a session.",
                hint="Leave out `asynchronous`, or use async_after= to move it to the background.",
            )
        timeout = options.get("timeout", 3600.0)
        if "timeout" in options:
            options.setdefault("deadline", options["timeout"])
        options = self._merge_context(options)
        from .._sql.statements import Submission
        from .result import run_submission

        submission = Submission.create(
            sql,
            self._options,
            options,
            params=params,
            session_id=session_id,
            max_rows=max_rows,
            async_after=async_after,
        )
        return await run_submission(
            self,
            submission,
            timeout=timeout,
            asynchronous=asynchronous,
            progress=progress,
        )

    async def script(
        self,
        sql: str | PathLike[str],
        *,
        params: Mapping[str, object] | None = None,
        session_id: str | None = None,
        **options: Unpack[ViewOptions],
    ) -> list[AsyncResult]:
        """Run several statements one after another, and return the result of each, with its rows.

        `POST /v1/sql/sync` (documented), once for each statement

        Each is a query of its own, in one session, so that `USE` and `SET` hold for those that
        follow (inferred). The first that fails ends the script; the error has a note that says
        which it was, and those before it stay done. All rows are kept in memory: for large results
        use `query`.

        Args:
            sql: Statements with ``;`` between, or the path of a file with them.
            params: Values for their parameters; see `query`.
            session_id: Session to run in; a new one if not given.
            **options: `database`, `mode`, `warehouse`, `settings`, `tags` and the options of each
                call; see `ViewOptions`.

        Returns:
            A result for each statement, in order.

        Raises:
            InvalidArgument: There is no statement, or the parameters or settings do not match;
                nothing was sent.
            QueryFailed: The engine could not run a statement.
            OutcomeUnknown: No response came; whether the statement ran is not known.
        """
        from .script import run_script

        return await run_script(self, sql, params, session_id, options)

    async def history(
        self,
        *,
        since: datetime | Duration | None = None,
        failed: bool | None = None,
        tagged: Mapping[str, str] | None = None,
        limit: int = 100,
        **options: Unpack[StatementOptions],
    ) -> AsyncResult:
        """Return the queries that have ended, the latest first, from ``system.query_log``.

        `POST /v1/sql/sync` (documented; that the log has the columns of the open-source engine, and
        which roles may read it, is inferred)

        It is the result of a statement and no list of the API's: its rows are read once, and
        `mappings`, `to_pandas` and the like give them as of any other. Each row has the query's id,
        type, start, duration in milliseconds, user, text, what it read and wrote in rows and bytes,
        the most memory that it took in bytes, its error, and its ``log_comment``, which holds tags.
        `queries.profile` has more of one query.

        Args:
            since: Begin of the period, or how long ago that was, a timedelta or a string such as
                ``1h``; all that is kept if not given.
            failed: Whether to return those that failed, or those that did not; both if not given.
            tagged: Tags that the queries must have.
            limit: At most so many queries.
            **options: Options of the statement and of the call, as of `query`.

        Raises:
            PermissionDenied: The role may not read the log.
            QueryFailed: There is no such log, or it has other columns.
        """
        from .._sql.history import history_statement

        return await self.query(history_statement(since, failed, tagged, limit), **options)

    async def ping(self, **options: Unpack[StatementOptions]) -> float:
        """Run ``SELECT 1``, and return how many seconds that took.

        `POST /v1/sql/sync` (documented)

        It shows that host, key and warehouse work, and resumes a warehouse that is suspended and
        resumes by itself. Without a warehouse, `account.status` shows that host and key work.

        Args:
            **options: As of `query`.

        Raises:
            ByteHouseError: It does not work; the error says why.
        """
        async with await self.query("SELECT 1", **options) as result:
            await result.rows()
            return result.elapsed

    async def insert(
        self,
        table: str | Identifier,
        data: Insertable,
        *,
        columns: Sequence[str] | None = None,
        column_types: Mapping[str, str] | None = None,
        check: bool = True,
        on_error: Literal["raise", "skip"] = "raise",
        null: str = "",
        via: Via = "rest",
        block_bytes: int = BLOCK_BYTES,
        block_rows: int = BLOCK_ROWS,
        on_block: Callable[[int], object] | None = None,
        session_id: str | None = None,
        **options: Unpack[StatementOptions],
    ) -> InsertResult:
        """Insert rows into a table, in blocks, and return how many were inserted.

        `POST /v1/sql/sync` (documented), once for each block, and before them to read the types of
        the columns (inferred)

        Each value is checked against the type of its column before it is sent, and refused if the
        column cannot hold it exactly. A block whose outcome is unknown is not sent again. For up to
        some million rows; more are faster with ``via="clickhouse"``, which sends blocks in binary
        to the ClickHouse interface (documented: port 8123), or with an import job.

        Args:
            table: ``"table"``, ``"database.table"`` or an `Identifier`.
            data: Tuples, mappings, or objects of a dataclass or of attrs; a frame of pandas or
                polars; Arrow data; a NumPy array of two dimensions or with named fields; the path
                of a file that ends in .csv (with a header line), .parquet, .ndjson or .jsonl, or an
                open file or other stream of one of these. Of a pandas frame, None, NaT and NA are
                NULL, and so is nan unless the column holds floats.
            columns: Names of the values in tuples, or which columns of the data to take. If not
                given, tuples have a value for each column of the table.
            column_types: ClickHouse types of columns by name, which are otherwise read from the
                table. If they name all columns of the data, nothing is read but the time zone of
                the server, where a column of times has none; rows without names then have their
                values in this order. They must hold what the table's do: values are checked against
                nothing else.
            check: Whether values are checked. Otherwise the types are not read, values are written
                as `params` of `query` are, and the engine stores what it makes of them: of a number
                that is too large another, of text that is no date NULL.
            on_error: What becomes of a row that cannot be inserted: ``"raise"`` ends the insertion,
                ``"skip"`` leaves it out and returns it in `skipped` of the result.
            null: Representation of NULL in a CSV file.
            via: ``"rest"`` sends statements to the API; ``"clickhouse"`` sends the same rows to the
                ClickHouse interface, as clickhouse-connect writes them (extra `clickhouse`). That
                interface takes no role, and what became of a lost block is not probed there.
            block_bytes: Largest size of one statement, in bytes; 8 MiB if not given.
            block_rows: Largest number of rows in one statement; 500,000 if not given.
            on_block: Called after each block with the number of rows inserted so far.
            session_id: Session to run in; the database of the session is that of a table without
                one, unless `database` is given.
            **options: `database`, `mode`, `warehouse`, `settings` and `tags` of the INSERT
                statements, and the options of each call; see `StatementOptions`. That the service
                takes settings before VALUES, as the engine does, is inferred.

        Returns:
            The number of rows, an int, with the rows that were left out as `skipped`.

        Raises:
            InvalidArgument: The data cannot be inserted, or not this way; nothing was sent.
            InsertFailed: A row or a block was refused or lost, or the types cannot be read. It says
                how many rows are in the table and which could not be inserted.
        """
        from .._core.validation import require_function
        from .._sql.insert import InsertResult, check_limits, target_of
        from .._sql.insert_sources import open_source
        from .insert import check_via, insert_rows

        check_via(self, via, options, check=check)
        if on_error not in ("raise", "skip"):
            raise InvalidArgument('on_error must be "raise" or "skip".')
        if "query_id" in options:
            raise InvalidArgument("An insert may be several queries: it takes no query_id.")
        merged = self._options.for_statement(options)
        database = merged.database if session_id is None else options.get("database")
        target = target_of(table, database)
        check_limits(block_bytes, block_rows)
        require_function(on_block, "on_block")
        source = open_source(data, columns, null)
        if source.is_empty:
            return InsertResult(0)
        return await insert_rows(
            self,
            target,
            source,
            column_types=column_types,
            check=check,
            skip=on_error == "skip",
            via=via,
            block_bytes=block_bytes,
            block_rows=block_rows,
            on_block=on_block,
            settings=merged.settings,
            tags=merged.tags,
            # The statements name the database, and hold settings and tags.
            options={**options, "session_id": session_id, **_WRITTEN},
        )

    async def load(
        self,
        source: LoadSource,
        into: str | Identifier,
        *,
        database: str | None = None,
        connection: ConnectionLike | int | None = None,
        format: FileFormat | None = None,
        columns: Sequence[str] | None = None,
        load_mode: LoadMode | str = "APPEND",
        on_error: Literal["raise", "skip"] = "raise",
        warehouse: str | None = None,
        wait_timeout: Seconds = 3600.0,
        on_progress: Callable[[Execution], object] | None = None,
        **options: Unpack[CallOptions],
    ) -> LoadReport:
        """Load files into a table, wait for it, and return what was loaded.

        `POST /v1/import/connections`, `POST /v1/import/jobs`, `POST /v1/import/jobs/{id}/start` and
        what `executions.handle(id).wait` sends; then both are deleted (all inferred)

        The connection and the job exist for this call alone, and are deleted when it ends, also by
        an error or Ctrl-C, which stops the execution first and takes 5 seconds at most; a note on
        the error, or a warning, says what could not be deleted. The API has no operation that
        uploads a file, so the rows of one on this machine are inserted as `insert` does it.

        Args:
            source: A URL such as ``s3://bucket/orders/*.csv`` (also ``tos:`` and ``oss:``); the
                path of a file on this machine; or a source such as `MinIOSource`.
            into: ``"table"``, ``"database.table"`` or an `Identifier`.
            database: Database of a table that is named without one; that of the client if not
                given.
            connection: How to reach the source: `S3Connection` or so, for this call alone, or the
                id of a stored connection.
            format: Format of the files of a URL; by their extension if not given. A CSV file begins
                with a header.
            columns: Names of the columns of the source, if the files do not have them.
            load_mode: What becomes of the rows that the table has; see `LoadMode`. Those of this
                machine are always appended.
            on_error: What becomes of a row that cannot be loaded: ``"raise"`` fails (inferred),
                ``"skip"`` leaves it out, and says so in the report and with a
                `RefusedRowsWarning`.
            warehouse: Name or id of the virtual warehouse to run on (inferred for jobs).
            wait_timeout: Seconds, or a timedelta, that it may take at most; an hour if not given.
            on_progress: Called with each status of the execution.
            **options: Options of each call. There are no settings: a job has none, and `insert`
                takes those for a file of this machine.

        Returns:
            How many rows were read, written and refused, as far as the service reports it.

        Raises:
            InvalidArgument: The source cannot be loaded as given; nothing was created.
            ExecutionFailed: The execution failed.
            InsertFailed: The rows of a file on this machine cannot all be inserted.
            TimedOut: It still ran when the time was up; it was stopped.
        """
        from .._types.identifiers import target_of
        from .load import load

        return await load(
            self,
            source,
            target_of(into, database or self._options.database),
            connection=connection,
            format=format,
            columns=columns,
            load_mode=load_mode,
            on_error=on_error,
            warehouse=warehouse,
            wait_timeout=wait_timeout,
            on_progress=on_progress,
            options=options,
        )

    async def clickhouse(self, *, port: int | None = None, **settings: Any) -> AsyncClient:
        """Return a client of clickhouse-connect for the tenant's ClickHouse interface.

        It uses ClickHouse's own protocol (documented: port 8123, user ``bytehouse``, the API key as
        password), which transfers data in binary form, so use it for bulk data. Roles, sessions and
        options of this client do not apply to it, and it takes the key as it is now. It inserts
        into tables of ByteHouse, whose DESCRIBE has columns that clickhouse-connect does not know.

        Args:
            port: Port of the interface; that of the setting `clickhouse_port` if not given.
            **settings: Further arguments of `clickhouse_connect.get_async_client`.

        Raises:
            ConfigError: clickhouse-connect is not installed.
        """
        from .._clickhouse import AsyncInterface

        key = self._options.api_key or self.config.api_key
        port = self.config.clickhouse_port if port is None else port
        return await AsyncInterface.connect(self.config, key, port, settings)

    def session(
        self, session_id: str | None = None, *, database: str | None = None
    ) -> AsyncSession:
        """Return a session, in which `USE` and `SET` hold from one statement to the next.

        Args:
            session_id: Id of an existing session; a new one if not given.
            database: Database to begin with; that of the client if not given, but in an existing
                session the one that it has.
        """
        from .session import AsyncSession

        if database is None and session_id is None:
            database = self._options.database
        return AsyncSession(self, session_id, database)
