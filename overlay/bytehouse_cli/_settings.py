"""The options that every command takes: the settings of the client, and how output is printed."""

from __future__ import annotations

import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import NoSuchCommand

from bytehouse._core.config import ATTRIBUTES
from bytehouse._core.credentials import REFERENCES

from ._formats import FORMATS, format_of, note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytehouse import ByteHouse
    from bytehouse._core.config import Config

# The others are listed by `bytehouse --help` alone.
_EVERYDAY = frozenset(
    """
    profile host role warehouse database timeout format output columns query dry_run
""".split()
)
# So that an argument of a command may have the name of a global option.
_PREFIX = "global_"

_KEY_HELP = (
    "Where the API key is: env:NAME, file:PATH or keyring:SERVICE/USER. The key itself can be in "
    "BYTEHOUSE_API_KEY or in a profile."
)


class GlobalOptions:
    """The values of the global options.

    Attributes:
        settings: Settings of the client that were given, by name.
        profile: Profile of the configuration file.
        config_file: Another configuration file.
        format: Format of the output; None if it follows from where the output goes.
        output: File to write instead of standard output.
        columns: Columns to print; empty for all.
        query: Compiled JMESPath expression that the output goes through.
        dry_run: Whether the request is to be shown instead of being sent.
        yes: Whether nothing is asked.
    """

    profile: str | None = None
    config_file: str | None = None
    format: str | None = None
    output: str | None = None
    columns: tuple[str, ...] = ()
    query: Any = None
    dry_run: bool = False
    yes: bool = False

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def check_output(self) -> None:
        """Check that the output can be a file of the name that was given, before anything is done.

        Raises:
            UsageError: Its ending is that of no format.
            OSError: It cannot be there.
        """
        if self.output in (None, "-"):
            return
        path = Path(str(self.output))
        if path.suffix and not (self.format or format_of(path.name)):
            raise click.UsageError(
                f"The ending of {path} is no format: add --format ({', '.join(FORMATS)})."
            )
        check_place(path)

    def config(self, **more: Any) -> Config:
        """Return the resolved configuration; host and key may be missing."""
        from bytehouse._core.config import masked, resolve

        given = masked({**self.settings, **more})
        return resolve(given, profile=self.profile, file=self.config_file)

    def client(self, *, changes: bool = False) -> ByteHouse:
        """Return a client with these options, for a ``with`` block.

        Args:
            changes: Whether the command changes something on the service. With ``--dry-run``, such
                a command still reads what it must know, and shows the first request that would
                change something; any other shows its first request.
        """
        import logging

        from bytehouse import ByteHouse

        kind: type[ByteHouse] = ByteHouse
        given = dict(self.settings)
        # What it warns of is in the error, too, and logging would print it as it is.
        logging.getLogger("bytehouse").addHandler(logging.NullHandler())
        if self.dry_run:
            from ._dry_run import client_class

            kind = client_class(reads=changes)
            if self.config().api_key is None:
                given["api_key"] = "none"  # what is only shown needs no key
        return kind(**given, profile=self.profile, config_file=self.config_file)


def global_options(context: click.Context | None = None) -> GlobalOptions:
    """Return the global options of the running command."""
    root = (context or click.get_current_context()).find_root()
    return root.ensure_object(GlobalOptions)


def _attribute(parameter: click.Parameter) -> str:
    return (parameter.name or "").removeprefix(_PREFIX)


def _set_option(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # Options after the command are processed later and override those before it.
    if value not in (None, False, ()):
        setattr(global_options(context), _attribute(parameter), value)


def _set_setting(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        if _attribute(parameter) == "api_key" and not value.startswith(REFERENCES):
            raise click.BadParameter(
                "must be a reference such as env:NAME, file:PATH or keyring:SERVICE/USER: other "
                "users of this machine can read command lines."
            )
        global_options(context).settings[_attribute(parameter)] = value


def complete_profile(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the profiles whose names begin so, for the completion of a shell."""
    from bytehouse import ConfigError

    from ._profiles import ConfigFile

    try:
        with context.scope(cleanup=False):
            return [name for name in ConfigFile().profiles if name.startswith(incomplete)]
    except (ConfigError, OSError):
        return []


class _Expression(click.ParamType[Any]):
    """A JMESPath expression."""

    name = "expression"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Compile the expression."""
        import jmespath

        try:
            return jmespath.compile(value)
        except jmespath.exceptions.JMESPathError as error:
            self.fail(" ".join(str(error).split()), param, ctx)


class _ColumnNames(click.ParamType[Any]):
    """Names with commas between."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Split the names."""
        return tuple(name.strip() for name in value.split(",") if name.strip())


class _GlobalOption(click.Option):
    """An option that every command takes."""

    @property
    def everyday(self) -> bool:
        """Whether the help of each command lists it."""
        return _attribute(self) in _EVERYDAY


def is_global(parameter: click.Parameter) -> bool:
    """Return whether a parameter is one of the global options."""
    return isinstance(parameter, _GlobalOption)


@cache
def _options() -> list[click.Option]:
    def option(*names: str, **more: Any) -> click.Option:
        name = _PREFIX + names[-1].removeprefix("--").replace("-", "_")
        more = {"callback": _set_option, **more}
        return _GlobalOption([*names, name], expose_value=False, **more)

    settings = [
        option(
            f"--{attribute.name.replace('_', '-')}",
            metavar="REFERENCE" if attribute.name == "api_key" else "VALUE",
            help=_KEY_HELP if attribute.name == "api_key" else attribute.doc.replace("`", ""),
            callback=_set_setting,
        )
        for attribute in ATTRIBUTES
    ]
    return [
        option("--format", type=click.Choice(FORMATS), help="Format of the output."),
        option(
            "-o",
            "--output",
            metavar="FILE",
            type=click.Path(),
            help="Write this file; its ending is the format, if none is given.",
        ),
        option("--columns", type=_ColumnNames(), metavar="A,B", help="Print these columns."),
        option(
            "--query",
            type=_Expression(),
            metavar="JMESPATH",
            help="Print what this expression makes of the output.",
        ),
        option("--dry-run", is_flag=True, help="Show the request; send nothing that changes data."),
        option(
            "--profile",
            metavar="NAME",
            shell_complete=complete_profile,
            help="Profile of the configuration file.",
        ),
        option(
            "--config-file",
            metavar="FILE",
            type=click.Path(),
            help="Configuration file to read.",
        ),
        *settings,
    ]


class ReaderGone(Exception):
    """What reads the output has gone away."""


class Command(click.Command):
    """A command that accepts the global options too.

    Args:
        examples: Command lines that show its use; one per line.
        changes: Whether it asks before it changes something, unless ``--yes`` is given.
    """

    def __init__(
        self, *args: Any, examples: str = "", changes: bool = False, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.examples = [line.strip() for line in examples.splitlines() if line.strip()]
        if changes:
            yes = click.Option(
                ["-y", "--yes", f"{_PREFIX}yes"],
                is_flag=True,
                help="Do not ask before anything is changed.",
                callback=_set_option,
                expose_value=False,
            )
            self.params.append(yes)
        _add_global_options(self)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        global_options(ctx).check_output()
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end the program here, with the code of a failure.
            raise ReaderGone(str(error)) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the command, and below them the global options."""
        _format_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"  {line}\n")
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group whose commands accept the global options; the outermost accepts them itself."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, outermost: bool = False, **settings: Any) -> None:
        super().__init__(*args, **settings)
        if outermost:
            _add_global_options(self)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named, or say which have a similar name."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand:
            if name := self.names_in_python().get(args[0].replace("-", "_")):
                message = f"No such command {args[0]!r}: it is {name!r}."
                raise NoSuchCommand(args[0], message, ctx=ctx) from None
            known = self.list_commands(ctx)  # click knows those alone that are loaded
            raise NoSuchCommand(args[0], possibilities=known, ctx=ctx) from None

    def names_in_python(self) -> Mapping[str, str | None]:
        """Return names of commands by what they are called in Python."""
        return {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options and the commands."""
        self.format_commands(ctx, formatter)
        _format_options(self, ctx, formatter, whole=True)


def confirm(what: str) -> None:
    """Ask whether to do something, unless ``--yes`` or ``--dry-run`` is given.

    Args:
        what: What will be done, such as ``Drop the table sales.orders with its 12 rows``.

    Raises:
        UsageError: There is nobody to ask.
        Exit: The answer was no.
    """
    given = global_options()
    if given.dry_run or given.yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}: add --yes to do this without being asked.")
    if not click.confirm(f"{what}?", err=True):
        note("Nothing was changed.")
        raise click.exceptions.Exit(1)


def check_place(path: Path) -> None:
    """Check that there can be a file at a path, before something is done whose result it gets.

    Raises:
        OSError: It cannot be there.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.stat()


def end_dry_run(what: str) -> None:
    """End a command that changes files of this machine here, if ``--dry-run`` is given.

    Args:
        what: What it would do, such as ``write FILE``.

    Raises:
        Exit: It is.
    """
    if global_options().dry_run:
        note(f"Would {what}.")
        raise click.exceptions.Exit(0)


def _add_global_options(command: click.Command) -> None:
    # An option of the command itself comes before a global one of its name.
    taken = {name for parameter in command.params for name in parameter.opts}
    for option in _options():
        if not taken.intersection(option.opts):
            command.params.append(option)


def _format_options(
    command: click.Command,
    ctx: click.Context,
    formatter: click.HelpFormatter,
    *,
    whole: bool = False,
) -> None:
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None or not isinstance(parameter, click.Option):
            continue
        if not isinstance(parameter, _GlobalOption):
            own.append(record)
        elif whole or parameter.everyday:
            shared.append(record)
    title = "Global options" if whole else "Global options (all: bytehouse --help)"
    for name, records in (("Options", own), (title, shared)):
        if records:
            with formatter.section(name):
                formatter.write_dl(records)
