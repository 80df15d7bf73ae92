"""`bytehouse api`: any operation by its id."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from bytehouse_raw.types import encode

from .._output import output_file, print_value
from .._settings import Command, Group, global_options

if TYPE_CHECKING:
    from bytehouse import ByteHouse
    from bytehouse_raw.plan import Plan

    from .._operation_options import OperationOptions

_PAGE_OPTIONS = ("limit", "offset", "cursor")


class _Operations(Group):
    """The operations, each turned into a command on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the ids of all operations."""
        from bytehouse_raw.operations import OPERATIONS

        return list(OPERATIONS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of one operation."""
        from bytehouse_raw.operations import OPERATIONS

        operation = OPERATIONS.get(cmd_name.replace("-", "_"))
        if operation is None:
            return None
        from .._operation_options import OperationOptions

        return _Operation(OperationOptions(operation))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of operations, without building a command for each, which is slow."""
        from bytehouse_raw.operations import OPERATIONS

        with formatter.section("Operations"):
            formatter.write_dl(
                [
                    (one.id, f"{one.summary} (deprecated)" if one.deprecated else one.summary)
                    for one in OPERATIONS.values()
                ]
            )


class _Operation(Command):
    """A call of one operation."""

    def __init__(self, inputs: OperationOptions) -> None:
        operation = inputs.operation
        deprecated = ", deprecated" if operation.deprecated else ""
        route = f"{operation.method} {operation.path} ({operation.evidence}{deprecated})"
        raw = click.Option(["--raw"], is_flag=True, help="Print the response as it was received.")
        super().__init__(
            operation.id,
            params=[*inputs.options, raw],
            callback=self._call,
            help=f"{operation.summary}.\n\n{route}",
            examples=f"bytehouse api {operation.id} {inputs.example}",
        )
        self._inputs = inputs

    def _call(self, *, raw: bool, **values: Any) -> None:
        shared, pagination = global_options(), self._inputs.operation.pagination
        plan = self._inputs.plan(shared, **values)
        whole = pagination and not any(values.get(name) is not None for name in _PAGE_OPTIONS)
        with shared.client() as client:
            if whole and not raw:
                from bytehouse._sync.paginator import Pager

                pages: Pager[Any] = Pager(client, plan, {}, limit=None, page_size=None)
                print_value([encode(item) for item in pages])
                return
            result = _send(client, plan)
        if raw:
            _print_raw(result.raw_response.body)
        else:
            from bytehouse_raw.operations import DATA_KEY

            data = encode(result)
            print_value(data.get(DATA_KEY, data))


@click.group(cls=_Operations)
def command() -> None:
    """Call any operation by its id.

    Prints the data of the response, under the names that the API has for them; of a list all
    entries, unless the options name a page. `bytehouse api OPERATION --help` shows the options of
    an operation.
    """


def _send(client: ByteHouse, plan: Plan[Any]) -> Any:
    """Send a call; Ctrl-C stops a statement that it runs."""
    try:
        return client.send(plan)
    except BaseException as error:
        query_id = (plan.body or {}).get("queryID")
        if query_id and not isinstance(error, Exception):
            from bytehouse import ByteHouseError

            with suppress(ByteHouseError):
                client.queries.kill(query_id)
        raise


def _print_raw(body: bytes) -> None:
    import msgspec

    with output_file() as file:
        file.write(msgspec.json.format(body or b"{}", indent=2) + b"\n")
