"""The global options: host, profile, role, timeout and output format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

if TYPE_CHECKING:
    from bytehouse import ByteHouse
    from bytehouse._core.config import Config


@attrs.define
class GlobalOptions:
    """The values of the global options."""

    profile: str | None = None
    host: str | None = None
    role: str | None = None
    timeout: float | None = None
    json: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments for a client."""
        return {"host": self.host, "role": self.role, "timeout": self.timeout}

    def config(self, **more: Any) -> Config:
        """Return the resolved configuration; host and key may be missing."""
        from bytehouse._core.config import resolve

        return resolve({**self.arguments, **more}, profile=self.profile)

    def client(self) -> ByteHouse:
        """Return a client with these options."""
        from bytehouse import ByteHouse

        return ByteHouse(**self.arguments, profile=self.profile)


def global_options(context: click.Context | None = None) -> GlobalOptions:
    """Return the global options of the running command."""
    root = (context or click.get_current_context()).find_root()
    return root.ensure_object(GlobalOptions)


def _set_option(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # Options after the command are processed later and override those before it.
    if value not in (None, False):
        setattr(global_options(context), parameter.name or "", value)


def _options() -> list[click.Parameter]:
    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, callback=_set_option, expose_value=False, **more)

    return [
        option("--profile", metavar="NAME", help="Profile of the configuration file."),
        option("--host", metavar="HOST", help="Host of the tenant."),
        option("--role", metavar="ROLE", help="Role to act under."),
        option(
            "--timeout", type=float, metavar="SECONDS", help="Seconds that one attempt may take."
        ),
        option("--json", is_flag=True, help="Print JSON."),
    ]


class _WithGlobalHelp(click.Command):
    """Show the options of a command, and below them the global options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both lists."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                (shared if parameter.callback is _set_option else own).append(record)
        for title, records in (("Options", own), ("Global options", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Command(_WithGlobalHelp):
    """A command that accepts the global options too."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += _options()


class Group(_WithGlobalHelp, click.Group):
    """A group whose commands accept the global options; the outermost accepts them itself."""

    command_class = Command

    def __init__(self, *args: Any, outermost: bool = False, **settings: Any) -> None:
        super().__init__(*args, **settings)
        if outermost:
            self.params += _options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options and the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)
