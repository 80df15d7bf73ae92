"""The interactive prompt: one session, in which statements and commands are entered."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from bytehouse import ByteHouseError

from ._errors import print_error
from ._formats import FORMATS, note
from ._output import print_value
from ._query import print_results, shows_progress
from ._settings import global_options
from ._shell_completion import ShellCompleter

if TYPE_CHECKING:
    from bytehouse import ByteHouse

_HELP = r"""Statements end with ; and may have several lines. Ctrl-C cancels one, Ctrl-D ends.
  \d [TABLE]        list the tables of the database, or the columns of a table
  \l                list the databases
  \timing [on|off]  show the time of each statement, or stop that
  \format [NAME]    show or set the format of results: {formats}
  \e                edit the last statement in $EDITOR
  \?                show this
  \q                quit"""
_CHANGES_NAMES = ("USE", "CREATE", "DROP", "ALTER", "RENAME", "ATTACH", "DETACH", "UNDROP")


class Shell:
    """Read statements and commands, one after another, and run them in one session."""

    def __init__(self, client: ByteHouse) -> None:
        self._client = client
        self._session = client.session()
        self._timing = False
        self._last = ""
        self._next = ""
        self._database: str | None = client.config.database
        self._completer = ShellCompleter(client, self.database)
        self._commands: dict[str, Callable[[str], None]] = {
            "d": self._describe,
            "l": lambda _: print_value(client.databases.list(), columns=("name", "description")),
            "timing": self._set_timing,
            "format": self._set_format,
            "e": self._edit,
            "?": lambda _: note(_HELP.format(formats=", ".join(FORMATS))),
        }

    def run(self) -> None:
        """Prompt until the input ends."""
        prompt: PromptSession[str] = PromptSession(
            history=_history(),
            completer=self._completer,
            complete_while_typing=False,
            complete_in_thread=True,
            multiline=True,
            key_bindings=_bindings(),
            lexer=PygmentsLexer(SqlLexer),
            prompt_continuation=lambda width, _number, _wrapped: " " * (width - 2) + "> ",
        )
        note(r"\? shows help, \q or Ctrl-D ends.")
        while True:
            default, self._next = self._next, ""
            name = f"bytehouse {self._database}" if self._database else "bytehouse"
            try:
                text = prompt.prompt(f"{name}> ", default=default).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            word = text.rstrip(";").lower()
            if word in ("\\q", "exit", "quit"):
                return
            if word in ("help", "?"):
                text = "\\?"
            if text:
                self._handle(text)

    def database(self) -> str:
        """Return the database of the session."""
        if self._database is None:
            self._database = str(self._session.query("SELECT currentDatabase()").scalar())
        return self._database

    def _handle(self, text: str) -> None:
        """Run one input; whatever goes wrong, the shell goes on."""
        try:
            if text.startswith("\\"):
                self._command(text[1:])
            else:
                self._statement(text)
        except KeyboardInterrupt:
            note("Cancelled.")
        except ByteHouseError as error:
            print_error(error)
        except click.ClickException as error:
            error.show()
        except OSError as error:
            note(f"Error: {error.filename or ''} {error.strerror or error}")

    def _command(self, text: str) -> None:
        name, _, argument = text.rstrip(";").partition(" ")
        command = self._commands.get(name.strip())
        if command is None:
            raise click.UsageError(f"There is no command \\{name}; \\? shows those there are.")
        command(argument.strip())

    def _statement(self, sql: str) -> None:
        self._last = sql
        began = time.monotonic()
        with self._session.query(sql, progress=shows_progress()) as result:
            print_results(result)
        if self._timing:
            note(f"Time: {time.monotonic() - began:.3f} s")
        if any(word in sql.upper() for word in _CHANGES_NAMES):
            self._completer.forget()
        if "USE" in sql.upper().split():
            self._database = None
            self.database()

    def _describe(self, argument: str) -> None:
        if not argument:
            print_value(self._client.tables.list(self.database()), columns=("name", "engine"))
            return
        database, _, table = argument.rpartition(".")
        found = self._client.tables.get(database or self.database(), table)
        print_value(found.columns)

    def _set_timing(self, argument: str) -> None:
        self._timing = argument == "on" if argument in ("on", "off") else not self._timing
        note(f"Timing is {'on' if self._timing else 'off'}.")

    def _set_format(self, argument: str) -> None:
        if argument and argument not in FORMATS:
            raise click.UsageError(f"There is no format {argument}. Known: {', '.join(FORMATS)}.")
        global_options().format = argument or global_options().format
        note(f"The format is {global_options().format or 'table'}.")

    def _edit(self, _argument: str) -> None:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if editor is not None and not shlex.split(editor):
            editor = None
        self._next = (click.edit(self._last, editor=editor, extension=".sql") or "").strip()


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @Condition
    def complete() -> bool:
        text = get_app().current_buffer.document.text.strip()
        return not text or text.endswith(";") or text.startswith("\\") or _is_word(text)

    @bindings.add("enter", filter=complete)
    def _accept(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return bindings


def _is_word(text: str) -> bool:
    return text.lower() in ("exit", "quit", "help", "?")


def _history() -> History:
    """Return the history, in a file that its owner alone can read: statements hold data."""
    try:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        file = base / "bytehouse" / "history"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.open("ab").close()
    except (OSError, RuntimeError) as error:  # there may be no home directory
        note(f"The history is not kept: {error}")
        return InMemoryHistory()
    return FileHistory(str(file))
