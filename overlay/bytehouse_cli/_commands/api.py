"""`bytehouse api`: any operation by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .._options import Command, GlobalOptions, Group, global_options
from .._output import print_json

if TYPE_CHECKING:
    from bytehouse._transport.models import Request
    from bytehouse_raw.plan import Plan

    from .._operation_options import OperationOptions


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
        dry = click.Option(["--dry-run"], is_flag=True, help="Print the request; send nothing.")
        super().__init__(
            operation.id,
            params=[*inputs.options, dry],
            callback=self._call,
            help=f"{operation.summary}.\n\n{route}",
        )
        self._inputs = inputs

    def _call(self, *, dry_run: bool, **values: Any) -> None:
        plan = self._inputs.plan(**values)
        if dry_run:
            _print_request(_request(plan, global_options()), plan)
        else:
            _send(plan, global_options())


@click.group(cls=_Operations)
def command() -> None:
    """Call any operation by its id.

    Prints the response as JSON. `bytehouse api OPERATION --help` shows the options of an
    operation.
    """


def _send(plan: Plan[Any], shared: GlobalOptions) -> None:
    import msgspec

    with shared.client() as client:
        result = client.send(plan)
    click.echo(msgspec.json.format(result.raw_response.body or b"{}", indent=2))


def _request(plan: Plan[Any], shared: GlobalOptions) -> Request:
    """Return the first request of a call; no API key is read for it."""
    from bytehouse import Clock
    from bytehouse._call.call import Call
    from bytehouse._call.context import Settings
    from bytehouse._core.config import load
    from bytehouse._core.options import Options

    config = load({**shared.arguments, "api_key": "none"}, profile=shared.profile)
    return Call(Settings(config, Clock()), Options.of(config), plan).request()


def _print_request(request: Request, plan: Plan[Any]) -> None:
    """Print a request, with secrets masked."""
    hidden = {"authorization": "Bearer ***", "x-bytehouse-token": "***"}
    headers = {name: hidden.get(name.lower(), value) for name, value in request.headers.items()}
    if global_options().json:
        shown = {"method": request.method, "url": request.url, "headers": headers}
        print_json({**shown, "body": plan.body})
        return
    click.echo(f"{request.method} {request.url}")
    for name, value in headers.items():
        click.echo(f"{name}: {value}")
    if plan.body is not None:
        click.echo()
        print_json(plan.body)
