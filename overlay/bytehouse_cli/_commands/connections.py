"""`bytehouse connections`: addresses and credentials of data sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from bytehouse._core.secrets import Secret

from .._formats import note
from .._query import pairs
from .._resources import ResourceGroup, print_returned
from .._secrets import ask_secret, read_secret
from .._settings import global_options

command = ResourceGroup("connections")
_F = TypeVar("_F", bound=Callable[..., Any])


def _secrets(_context: click.Context, _parameter: click.Parameter, values: Any) -> Any:
    """Read secrets from where they are, and ask for those without a place."""
    found: dict[str, Secret] = {}
    for name, sign, reference in (value.partition("=") for value in values):
        try:
            found[name] = (
                read_secret(reference)
                if sign
                else ask_secret(name, f"--secret {name}=env:NAME or --secret {name}=file:PATH")
            )
        except ValueError as error:
            raise click.BadParameter(f"{name} {error}") from None
    return found


def _data_options(function: _F) -> _F:
    for option in (
        click.option("--type", required=True, metavar="KIND", help="Kind of source, such as S3."),
        click.option(
            "--set",
            "fields",
            multiple=True,
            metavar="NAME=VALUE",
            callback=pairs("field"),
            help="Field, such as bucket=orders (repeatable).",
        ),
        click.option(
            "--secret",
            "secrets",
            multiple=True,
            metavar="NAME[=REFERENCE]",
            callback=_secrets,
            help="Secret field: env:NAME or file:PATH; asked for without one (repeatable).",
        ),
    ):
        function = option(function)
    return function


@command.command(
    examples="""
    bytehouse connections create orders --type S3 --set bucket=orders --set region=cn-beijing \
--set access_key_id=AK --secret secret_access_key=env:SECRET_KEY
    bytehouse connections create broker --type KAFKA --set brokers=h1:9092,h2:9092 --secret password
    """
)
@click.argument("name")
@_data_options
def create(name: str, type: str, fields: Mapping[str, str], secrets: Mapping[str, Secret]) -> None:
    """Store a connection.

    The fields are those of S3Connection, KafkaConnection and so on in Python; others are sent under
    the name that is given. A secret is asked for, or read from where it is: other users of a
    machine can read command lines.
    """
    data = _data(type, fields, secrets)
    with global_options().client(changes=True) as client:
        print_returned(client.connections.create(name, data, type=type))


@command.command(
    examples="bytehouse connections update 3 broker --type KAFKA --set brokers=h3:9092 "
    "--secret password=file:~/password"
)
@click.argument("connection_id", type=int)
@click.argument("name")
@_data_options
def update(
    connection_id: int,
    name: str,
    type: str,
    fields: Mapping[str, str],
    secrets: Mapping[str, Secret],
) -> None:
    """Replace the name and all fields of a connection; for the fields see `create`."""
    data = _data(type, fields, secrets)
    with global_options().client(changes=True) as client:
        client.connections.update(connection_id, name, data)
    note("Done.")


def _data(kind: str, fields: Mapping[str, str], secrets: Mapping[str, Secret]) -> Any:
    """Return the data of a connection.

    Raises:
        UsageError: The kind is not known, or a secret is among the plain fields.
    """
    import attrs

    import bytehouse

    known_classes = (getattr(bytehouse, n) for n in dir(bytehouse) if n.endswith("Connection"))
    # `Connection` itself is what the service returns.
    classes = {c.type.value: c for c in known_classes if not issubclass(c, bytehouse.Connection)}
    cls = classes.get(kind.upper())
    if cls is None:
        raise click.UsageError(f"{kind} is no kind of source. Known: {', '.join(classes)}.")
    known = attrs.fields_dict(cls)
    exposed = [name for name in fields if name in known and "Secret" in str(known[name].type)]
    if exposed:
        raise click.UsageError(
            f"{', '.join(exposed)}: give --secret {exposed[0]}=env:NAME, or --secret {exposed[0]} "
            "to be asked; other users of this machine can read command lines."
        )
    given: dict[str, Any] = {**fields, **secrets}
    for name in fields.keys() & known.keys():
        if str(known[name].type).startswith(("int", "bool")):
            given[name] = _number(name, fields[name])
    extra = {name: value for name, value in given.items() if name not in known}
    return cls(**{n: v for n, v in given.items() if n in known}, extra=extra)


def _number(name: str, text: str) -> int | bool:
    if text in ("true", "false"):
        return text == "true"
    if not text.isdecimal():
        raise click.UsageError(f"{name} must be a number, or true or false; not {text!r}.")
    return int(text)
