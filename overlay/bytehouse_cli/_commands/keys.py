"""`bytehouse keys`: API keys of the calling user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bytehouse import ByteHouseError
from bytehouse._core.secrets import Secret

from .._errors import OUTPUT_FAILED
from .._formats import note
from .._output import print_value
from .._plain import plain
from .._resources import ResourceGroup
from .._secrets import StoreReference, store_secret
from .._settings import confirm, global_options

if TYPE_CHECKING:
    from bytehouse import NewApiKey

command = ResourceGroup("keys")
_F = TypeVar("_F", bound=Callable[..., Any])


def _lifetime(function: _F) -> _F:
    for option in (
        click.option("--comment", help="Free text."),
        click.option("--no-expiry", is_flag=True, help="Let it never expire."),
        click.option("--expires-in", metavar="DAYS", help="How long it lives, such as 90d."),
    ):
        function = option(function)
    return function


@command.command(
    examples="""
    bytehouse keys create --expires-in 90d --store file:~/.bytehouse-key
    bytehouse keys create --expires-in 90d --comment "of a robot" --store keyring:bytehouse/robot
    """
)
@_lifetime
@click.option(
    "--store",
    type=StoreReference(),
    metavar="REFERENCE",
    help="Keep the key at file:PATH or keyring:SERVICE/USER, instead of printing it.",
)
def create(store: str | None, **lifetime: Any) -> int:
    """Create a key. It is shown this once, or stored where you say."""
    with global_options().client(changes=True) as client:
        key = client.api_keys.create(**lifetime)
    code, shown = 0, plain(key)
    if store is not None:
        try:
            store_secret(store, key.secret)
        except (OSError, ByteHouseError) as error:  # the key must not be lost
            note(f"Error: The key could not be stored at {store}: {error}")
            store, code = None, OUTPUT_FAILED
    if store is not None:
        note(f"The key was stored at {store}.")
        print_value(shown)
        return code
    try:
        print_value(shown | {"api_key": key.secret.reveal()})
    except BaseException:
        note(
            f"The key {key.id} was created, but could not be shown, and nobody can read it now. "
            f"Delete it: bytehouse keys delete {key.id}"
        )
        raise
    note("This is the only time that the key can be read.")
    return code


@command.command(
    changes=True,
    examples="""
    bytehouse keys rotate --store file:~/.bytehouse-key --expires-in 90d
    bytehouse keys rotate --store file:~/.bytehouse-key --current-id k-1 --no-expiry --yes
    """,
)
@_lifetime
@click.option(
    "--store",
    type=StoreReference(),
    metavar="REFERENCE",
    help="Keep the new key at file:PATH or keyring:SERVICE/USER; where the present one is, if not "
    "given.",
)
@click.option("--current-id", metavar="ID", help="Id of the key in use, if there are two.")
@click.option("--replace", metavar="ID", help="Id of another key, to be deleted first.")
def rotate(store: str | None, **arguments: Any) -> None:
    """Put a new key in the place of the one in use, and delete that.

    The new key is created, tried and stored before the old one is deleted.
    """
    place = store or _present_place()

    def keep(key: NewApiKey) -> None:
        store_secret(place, key.secret)

    with global_options().client(changes=True) as client:
        old = arguments["current_id"] or "in use"
        confirm(f"Replace the key {old} by a new one at {place}, and delete it")
        done = client.api_keys.rotate(store=keep, **arguments)
    for step in done.steps:
        note(step)
    print_value({"key_id": getattr(done.key, "id", None), "old_id": done.old_id, "stored": place})


def _present_place() -> str:
    """Return where the key in use is kept.

    Raises:
        UsageError: It is not at a place where another can be kept.
    """
    source = global_options().config(routes={}).api_key
    if isinstance(source, str | Secret):
        secret = Secret(source)
        if secret.check(lambda text: text.startswith(("file:", "keyring:"))):
            return secret.reveal()
    raise click.UsageError("Say where the new key is kept: --store file:PATH.")
