"""Sessions of callers: database, settings and temporary tables that a query leaves to the next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.queries.query import Query, QuerySession
from bytehouse_emulator.simulation.clock import SECOND, Clock
from bytehouse_emulator.sql.dialect import ANSI_SETTINGS, Prepared
from bytehouse_emulator.sql.engine import Engine, EngineError, EngineSession
from bytehouse_emulator.sql.guard import check
from bytehouse_emulator.sql.lexer import quote_identifier, split
from bytehouse_emulator.sql.parsed import parsed
from bytehouse_emulator.storage.documents import DocumentStore

_ANSI: Final = "SET " + ", ".join(f"{name} = {value}" for name, value in ANSI_SETTINGS.items())
_MAX_SETTINGS: Final = 100
_MAX_OPEN: Final = 32
_LOCKED: Final = "The session {!r} is locked by a concurrent query."


class Sessions:
    """Sessions by name.

    Most are a database and settings, which any new session of the engine can be given. Temporary
    tables exist in one session of the engine alone: that one stays open.
    """

    def __init__(self, documents: DocumentStore, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._stored = documents.collection("query-session", QuerySession)
        # None while a query runs in it.
        self._open: OrderedDict[str, EngineSession | None] = OrderedDict()
        # Until when those with a time-out are kept, in nanoseconds; None while a query uses one.
        self._kept_until: dict[str, int | None] = {}
        self._lock = threading.Lock()

    def begin(self, query: Query) -> None:
        """Take a session that has a time-out for one query, and forget those whose time is over."""
        if query.session_timeout is None:
            return
        now = self._clock.nanoseconds()
        with self._lock:
            over = [kept for kept, until in self._kept_until.items() if until and until < now]
            for kept in over:
                del self._kept_until[kept]
            name = query.kept_session
            known = name in self._kept_until
            if query.session_must_exist and not known:
                raise EmulatorError(404, "Query_SessionNotFound", "Session not found.")
            if known and self._kept_until[name] is None:
                raise EmulatorError(409, "Query_SessionIsLocked", _LOCKED.format(query.session))
            # What an earlier process stored of it counts as over, too.
            over += [] if known else [name]
            sessions = [session for kept in over if (session := self._open.pop(kept, None))]
            for kept in over:
                self._stored.delete(kept)
            self._kept_until[name] = None
        for session in sessions:
            session.close()

    def end(self, query: Query) -> None:
        """Give a session back, to be kept for its time."""
        if query.session_timeout is not None:
            with self._lock:
                until = self._clock.nanoseconds() + query.session_timeout * SECOND
                self._kept_until[query.kept_session] = until

    @contextmanager
    def use(self, query: Query) -> Iterator[OpenSession]:
        """Run one query in its session; without a name in a session of its own."""
        name, changes = query.kept_session, query.changes
        session = self._take(query)
        used = OpenSession(session or self._engine.session(query.id), kept=session is not None)
        try:
            if session:
                session.run_as(query.id)
            if query.mode == "ansi_sql":
                used.engine.run(_ANSI)
            self._restore(used.engine, name)
            for change in changes:
                check(split(change)[0])
                parsed(used.engine, change)
                used.engine.run(change)
            yield used
        finally:
            self._put_back(name, used, changes)

    def close(self) -> None:
        """Close what is open, temporary tables included."""
        with self._lock:
            found = [session for session in self._open.values() if session]
            self._open.clear()
            self._kept_until.clear()
        for session in found:
            session.close()

    def _take(self, query: Query) -> EngineSession | None:
        name = query.kept_session
        with self._lock:
            if name not in self._open:
                return None
            session = self._open[name]
            if session is None:
                raise EmulatorError(409, "Query_SessionIsLocked", _LOCKED.format(query.session))
            self._open[name] = None
            return session

    def _put_back(self, name: str, used: OpenSession, changes: Collection[str]) -> None:
        try:
            if name and used.changes:
                self._store(name, used)
            if not (name and used.kept):
                used.engine.close()
                return
            for change in changes:
                if change.startswith("SET "):
                    used.engine.reset_setting(change[4:].partition("=")[0].strip())
            for setting in ANSI_SETTINGS:
                used.engine.reset_setting(setting)
            self._restore(used.engine, name)
            used.engine.run_as("")
        except EngineError:
            used.engine.close()
            with self._lock:
                self._open.pop(name, None)
            return
        with self._lock:
            self._open[name] = used.engine
            oldest = next((key for key, session in self._open.items() if session), name)
            surplus = self._open.pop(oldest) if len(self._open) > _MAX_OPEN else None
        if surplus:
            surplus.close()

    def _restore(self, session: EngineSession, name: str) -> None:
        if name and (stored := self._stored.get(name)):
            try:
                for setting in stored.settings:
                    session.run(setting)
                if stored.database:
                    session.run(f"USE {quote_identifier(stored.database)}")
            except EngineError:
                # Its database may have been deleted; statements that need it will fail.
                pass

    def _store(self, name: str, used: OpenSession) -> None:
        stored = self._stored.get(name) or QuerySession()
        settings = [sql for sql in used.changes if sql[:3].upper() == "SET"]
        older = [sql for sql in stored.settings if sql not in settings]
        stored.settings = (older + settings)[-_MAX_SETTINGS:]
        if any(sql[:3].upper() == "USE" for sql in used.changes):
            stored.database = used.engine.current_database()
        self._stored.put(name, stored)


class OpenSession:
    """A session of the engine while a query runs in it, and what the query leaves in it."""

    def __init__(self, engine: EngineSession, *, kept: bool) -> None:
        self.engine = engine
        self.kept = kept
        self.changes: list[str] = []

    def ran(self, prepared: Prepared) -> None:
        """Note what outlives a statement that has run."""
        if prepared.words[0] in {"SET", "USE"}:
            self.changes.append(prepared.text)
        elif prepared.words[0] == "CREATE" and "TEMPORARY" in prepared.words[1:4]:
            self.kept = True
