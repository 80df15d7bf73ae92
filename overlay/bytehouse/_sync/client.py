# Derived from overlay/bytehouse/_async/client.py by `make generate`. Do not edit.
"""The client: one configuration, one connection pool, one function that sends."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, cast

import attrs

from .._call.context import Settings
from .._core.clock import Clock
from .._core.config import ATTRIBUTES, Config, Http, KeySource, Mode, load, masked
from .._core.options import BLOCK_BYTES, BLOCK_ROWS, CallOptions, Options, Seconds, ViewOptions
from .._core.retry import OnRetry, RetryPolicy
from .._core.roles import current_role, use_role
from ..errors import InvalidArgument
from .shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clickhouse_connect.driver import Client

    from bytehouse_raw.plan import Plan

    from .._call.call import Call
    from .._core.secrets import Secret
    from .._sql.insert import Insertable
    from .._sql.literals import Identifier
    from .._transport.sync_transport import Transport
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
    from .response_body import Body
    from .result import Result
    from .session import Session

__all__ = ["ByteHouse"]

T = TypeVar("T")


class ByteHouse:
    """Talk to ByteHouse.

    Whatever is not given is taken from the environment (``BYTEHOUSE_HOST``, ``BYTEHOUSE_API_KEY``
    and so on) or from ``~/.config/bytehouse/config.toml``. Making a client sends nothing;
    connections are opened when they are needed and are shared by all calls. One client may be used
    by many tasks at once, and in a process that was forked off, which opens connections of its own.
    It cannot be pickled.

    Args:
        host: Host of the tenant, as its console shows it. A bare host is taken as https.
        api_key: The key, a callable that returns it, or a reference: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``. It is read anew for each request, so a rotated key is picked
            up.
        role: Role to act under. Without it the service takes the user's default role (inferred).
        warehouse: Id of the virtual warehouse that queries run on.
        mode: SQL dialect of queries.
        timeout: Seconds, or a timedelta, that one attempt of a call may take; 60 if not given.
        deadline: Seconds, or a timedelta, that a call may take in all; 300 if not given.
        max_retries: How many times a call may be sent again where that can do no harm; 4 if not
            given.
        retry_budget: How many further requests the client and its views may make at a burst; 100
            if not given. Each call that is answered well earns a quarter of one back, so an outage
            is not multiplied.
        max_body: Bytes that one answer may have, with its compression undone; 1 GiB if not given.
        max_connections: How many connections are kept at most; 100 if not given.
        http: HTTP library, httpx if not given; or aiohttp, which only `ByteHouse` can use.
        ca_file: PEM file of the certificate authorities to trust.
        client_cert: PEM file with a client certificate and its key.
        proxy: Address of a proxy; without it ``HTTPS_PROXY`` and ``NO_PROXY`` count.
        application: Name of your application for the User-Agent.
        routes: Routes that differ from the built-in ones, ``{"list_databases": "GET
            /v1/databases"}``, or a TOML file with a ``[routes]`` table. Without it, the file that
            ``bytehouse routes pull`` wrote for the host, if there is one.
        profile: Name of a table in the configuration file.
        config_file: Another configuration file.
        retry_policy: How long the pauses between attempts are.
        on_retry: Called with a `Retry` each time a call goes on after an attempt without a result.
        clock: Source of time, for tests.
        transport: What carries the requests, for tests: ``httpx.MockTransport(handler)``. What is
            said here about connections does not hold for it; it is closed with the client.

    Raises:
        ConfigError: Host or key are missing, or a value makes no sense.
    """

    def __init__(
        self,
        host: str | None = None,
        api_key: KeySource | None = None,
        *,
        role: str | None = None,
        warehouse: str | None = None,
        mode: Mode | None = None,
        timeout: Seconds | None = None,
        deadline: Seconds | None = None,
        max_retries: int | None = None,
        retry_budget: int | None = None,
        max_body: int | None = None,
        max_connections: int | None = None,
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
        transport: Transport | None = None,
    ) -> None:
        given = locals()
        arguments = masked({attribute.name: given[attribute.name] for attribute in ATTRIBUTES})
        del given, api_key, proxy  # so that no traceback shows them
        config = load(arguments, profile=profile, file=config_file)
        self._shared = Shared(Settings(config, clock or Clock()), transport)
        further = {"retry_policy": retry_policy or RetryPolicy(), "on_retry": on_retry}
        self._options = Options.of(config).replace(further)

    @property
    def config(self) -> Config:
        """The configuration as resolved; `config.explain()` tells where each value came from."""
        return self._shared.settings.config

    @property
    def options(self) -> Options:
        """What calls are made with unless they say otherwise."""
        return self._options

    @property
    def clock(self) -> Clock:
        """Source of time of this client."""
        return self._shared.settings.clock

    @cached_property
    def databases(self) -> Databases:
        """Databases."""
        from .resources.databases import Databases

        return Databases(self)

    @cached_property
    def tables(self) -> Tables:
        """Tables of a database."""
        from .resources.tables import Tables

        return Tables(self)

    @cached_property
    def partitions(self) -> Partitions:
        """Partitions of a table."""
        from .resources.partitions import Partitions

        return Partitions(self)

    @cached_property
    def views(self) -> Views:
        """Views and materialized views of a database."""
        from .resources.views import Views

        return Views(self)

    @cached_property
    def dictionaries(self) -> Dictionaries:
        """Dictionaries of a database."""
        from .resources.dictionaries import Dictionaries

        return Dictionaries(self)

    @cached_property
    def queries(self) -> Queries:
        """Statements, run at once or in the background."""
        from .resources.queries import Queries

        return Queries(self)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys of the calling user."""
        from .resources.api_keys import ApiKeys

        return ApiKeys(self)

    @cached_property
    def roles(self) -> Roles:
        """Roles of the account."""
        from .resources.roles import Roles

        return Roles(self)

    @cached_property
    def assignments(self) -> Assignments:
        """Which user holds which role."""
        from .resources.assignments import Assignments

        return Assignments(self)

    @cached_property
    def permissions(self) -> Permissions:
        """What a role may do."""
        from .resources.permissions import Permissions

        return Permissions(self)

    @cached_property
    def account(self) -> Account:
        """The account itself."""
        from .resources.account import Account

        return Account(self)

    @cached_property
    def usage(self) -> Usage:
        """What was stored and computed."""
        from .resources.usage import Usage

        return Usage(self)

    @cached_property
    def statistics(self) -> Statistics:
        """What a query cost."""
        from .resources.statistics import Statistics

        return Statistics(self)

    @cached_property
    def connections(self) -> Connections:
        """Stored connections to data sources."""
        from .resources.connections import Connections

        return Connections(self)

    @cached_property
    def import_jobs(self) -> ImportJobs:
        """Jobs that load data."""
        from .resources.import_jobs import ImportJobs

        return ImportJobs(self)

    @cached_property
    def executions(self) -> Executions:
        """Runs of import jobs."""
        from .resources.executions import Executions

        return Executions(self)

    @cached_property
    def warehouses(self) -> Warehouses:
        """Virtual warehouses."""
        from .resources.warehouses import Warehouses

        return Warehouses(self)

    @cached_property
    def metadata(self) -> Metadata:
        """Delivery of metadata changes."""
        from .resources.metadata import Metadata

        return Metadata(self)

    def query(
        self,
        sql: str,
        *,
        params: Mapping[str, object] | None = None,
        mode: Mode | None = None,
        warehouse: str | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
        asynchronous: bool = False,
        progress: bool = False,
        query_id: str | None = None,
        session_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Result:
        """Run one or more statements and return the result of the first.

        `POST /v1/sql/sync` (documented; the shape of a result is not and is recognized), or
        `POST /v1/sql/async` (inferred)

        The rows come as they are read; `results` of the result gives those of further statements.
        If the wait or the reading ends early (time-out, Ctrl-C, cancelled task, the end of a
        ``with`` block), the query is killed on the service before the error goes on. A query that
        the service lets go on in the background is waited for.

        Args:
            sql: One statement, or several with ``;`` between.
            params: Values for its parameters, ``{name}``, ``{name:Type}`` or ``%(name)s``, written
                as literals. Without it the text is sent as it is.
            mode: SQL dialect; the client's if not given.
            warehouse: Id of the virtual warehouse to run on; the client's if not given.
            max_rows: At most so many rows per result; 0 means all.
            async_after: Seconds after which the service lets it go on in the background, where it
                is waited for (inferred).
            asynchronous: Whether to let it run in the background and read the results when they are
                ready: for what takes longer than a connection lasts.
            progress: Whether to show how far it is, if a terminal or a notebook watches.
            query_id: Id to give the query.
            session_id: Session to run in; what is to run in the background from its beginning has
                none.
            **options: Options of the call. `timeout` is how long the service may take to run the
                statements and to send their results; the client's deadline if not given, and an
                hour for what runs in the background. Your own work on the rows does not count.

        Raises:
            InvalidArgument: The parameters do not fit the statement, or it was to run in the
                background and in a session; nothing was sent.
            QueryFailed: The engine could not run a statement.
            ResponseDecodeError: The answer is not understood.
            OutcomeUnknown: No answer came; whether the statement ran is not known.
        """
        if asynchronous and session_id is not None:
            raise InvalidArgument(
                "What runs in the background from its beginning runs in no session.",
                hint="Leave out `asynchronous`, or say with async_after= when it may go on there.",
            )
        patience = options.get("timeout", 3600.0)
        if "timeout" in options:
            options.setdefault("deadline", options["timeout"])
        options = self.merge_context(options)
        from .._sql.statements import Submission
        from .result import submitted

        submission = Submission.create(
            sql,
            self._options.replace(options),
            options,
            params=params,
            mode=mode,
            warehouse=warehouse,
            query_id=query_id,
            session_id=session_id,
            max_rows=max_rows,
            async_after=async_after,
        )
        return submitted(
            self,
            submission,
            patience=patience,
            asynchronous=asynchronous,
            progress=progress,
        )

    def insert(
        self,
        table: str | Identifier,
        data: Insertable,
        *,
        columns: Sequence[str] | None = None,
        null: str = "",
        block_bytes: int = BLOCK_BYTES,
        block_rows: int = BLOCK_ROWS,
        on_block: Callable[[int], object] | None = None,
        mode: Mode | None = None,
        warehouse: str | None = None,
        **options: Unpack[CallOptions],
    ) -> int:
        """Insert rows into a table, in blocks, and return how many were taken in.

        `POST /v1/sql/sync` (documented), once for each block

        For some hundred thousand rows. A frame or file of millions moves faster through an import
        job, or through `clickhouse`. A block whose outcome is unknown is not sent again.

        Args:
            table: ``"table"``, ``"database.table"`` or an `Identifier`.
            data: Tuples or mappings; a frame of pandas or polars; Arrow data; the path of a file
                that ends in .csv (with a line of names; the engine reads its floats to 15 digits)
                or .parquet. Of a pandas frame, nan in a column of floats stays nan, and None, NaT
                and NA are NULL; what pandas makes of Tuple, Map and arrays of moments cannot be
                inserted.
            columns: Names of the values in tuples, or which columns of the data to take. If not
                given, tuples have a value for each column of the table.
            null: What stands for NULL in a CSV file.
            block_bytes: Bytes that one statement has at most.
            block_rows: Rows that one statement has at most.
            on_block: Called after each block with the number of rows taken in so far.
            mode: SQL dialect; the client's if not given.
            warehouse: Id of the virtual warehouse to run on; the client's if not given.
            **options: Options of each call.

        Raises:
            InvalidArgument: The data cannot be inserted; nothing was sent.
            InsertFailed: A row or a block was refused or lost. It says how many rows are in the
                table and which could not be inserted.
        """
        from .._sql.insert import insert_statements
        from .insert import insert_blocks

        written = insert_statements(
            table,
            data,
            columns=columns,
            null=null,
            block_bytes=block_bytes,
            block_rows=block_rows,
        )
        return insert_blocks(self, written, on_block, mode=mode, warehouse=warehouse, **options)

    def clickhouse(self, *, port: int = 8123, **settings: Any) -> Client:
        """Return a client of clickhouse-connect for the tenant's ClickHouse interface.

        It speaks ClickHouse's own protocol (documented: port 8123, user ``bytehouse``, the API key
        as password), which carries data in binary, so it is the way for bulk data. Roles, sessions
        and options of this client do not go with it, and it takes the key as it is now.

        Args:
            port: Port of the interface.
            **settings: Further arguments of `clickhouse_connect.get_async_client`.

        Raises:
            ConfigError: clickhouse-connect is not installed.
        """
        from .._clickhouse import Interface

        key = self._options.api_key or self.config.api_key
        return Interface.connect(self.config, key, port, settings)

    def session(self, session_id: str | None = None) -> Session:
        """Return a session, in which `USE` and `SET` hold from one statement to the next.

        Args:
            session_id: Id of a session to go on with; a new one if not given.
        """
        from .session import Session

        return Session(self, session_id)

    def role(self, role: str | None) -> AbstractContextManager[None]:
        """Act under a role within a `with` block, in this thread or task alone.

        It goes before the defaults of the client and its views; an option of a call goes before it.

        Args:
            role: Name of the role; None takes the user's default role.
        """
        return use_role(self._shared, self._options.replace({"role": role}).role)

    def merge_context(self, options: CallOptions) -> CallOptions:
        """Return the options of a call with the role that a `with` block has set, if one has.

        Args:
            options: Options of a call; a role among them goes before that of the block.
        """
        return cast("CallOptions", {**current_role(self._shared), **options})

    def with_options(self, **changes: Unpack[ViewOptions]) -> Self:
        """Return a view of this client with other defaults.

        It shares its origin's connections, and closes with it.

        Args:
            **changes: What a call takes (`role`, `timeout`, `deadline`, `max_retries`, `headers`
                and so on; see `CallOptions`), and `warehouse` and `mode` for queries. None as
                `role` or `warehouse` removes the default.

        Raises:
            InvalidArgument: There is no such option, or its value makes no sense.
        """
        return self._view(self._options.replace(changes))

    def _hiding(self, secrets: tuple[Secret, ...]) -> Self:
        """Return a view whose results and errors show none of some secrets."""
        return self._view(attrs.evolve(self._options, secrets=secrets)) if secrets else self

    def _view(self, options: Options) -> Self:
        view = object.__new__(type(self))
        view._shared = self._shared
        view._options = options
        return view

    def send(self, plan: Plan[T], **options: Unpack[CallOptions]) -> T:
        """Send one call and return its result. Every call goes this way and no other.

        Args:
            plan: The call, as a module of `bytehouse_raw.api` plans it.
            **options: Options of this call, see `CallOptions`.

        Raises:
            InvalidArgument: The call cannot be made as told; nothing was sent.
            TransportError: No answer came.
            OutcomeUnknown: None came, the call may have taken effect, and no look could tell.
            ResponseDecodeError: The answer cannot be understood.
            APIError: The service said no.
        """
        from .._call.call import Call

        merged = self._options.replace(self.merge_context(options))
        call: Call[T] = Call(self._shared.settings, merged, plan)
        self._carry(call)
        return call.result()

    def stream(self, plan: Plan[Any], **options: Unpack[CallOptions]) -> Body:
        """Send one call as `send` does, and return the body of its answer to be read in pieces.

        Args:
            plan: The call.
            **options: Options of this call. Reading waits for the service no longer than `timeout`
                and `deadline` leave; what the caller does meanwhile does not count.
        """
        from .._call.call import Call
        from .response_body import Body

        merged = self._options.replace(self.merge_context(options))
        call = Call(self._shared.settings, merged, plan, streamed=True)
        self._carry(call)
        return Body(call)

    def _carry(self, call: Call[Any]) -> None:
        """Send a call until it is done."""
        from .._transport.models import TransportFailure

        with call.telemetry:
            while True:
                transport = self._shared.transport
                try:
                    answer = transport.send(call.request())
                except TransportFailure as failure:
                    call.failed(failure)
                else:
                    call.answered(answer)
                if call.unresolved:
                    from .recovery import settle

                    settle(self, call)
                if call.done:
                    return
                self.clock.sleep(call.pause)

    def close(self) -> None:
        """Close all connections. A closed client, and every view of it, refuses further calls."""
        self._shared.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        role = f", role={self._options.role!r}" if self._options.role else ""
        return f"{type(self).__name__}({self.config.host!r}{role})"

    def __getstate__(self) -> Any:
        raise TypeError(
            "A client cannot be pickled: it holds connections and a key. Make one where needed."
        )
