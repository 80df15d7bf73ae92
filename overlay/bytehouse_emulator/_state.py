"""Keep what the engine does not: the control plane's own documents.

One small document store on SQLite serves every kind of object: it is thread-safe, it is written
through before a call is answered, and with a file it finds the same after a restart.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_TABLE = """
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (kind, key)
)
"""


class State:
    """A store of documents, in a file or in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        if path:
            # Survives the end of the process at any moment, which is what is asked of it.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_TABLE)

    def collection(self, kind: str, model: type[T]) -> Collection[T]:
        """Open the documents of one kind."""
        return Collection(self, kind, model)

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement of the store."""
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def clear(self) -> None:
        """Forget every document."""
        self.execute("DELETE FROM document")

    def save(self, path: Path) -> None:
        """Copy every document to a file."""
        copy = sqlite3.connect(path)
        with self.lock:
            self._connection.backup(copy)
        copy.close()

    def load(self, path: Path) -> None:
        """Take the documents of a file in place of all that there are."""
        with self.lock:
            # Not the inverse copy: that one would change how the file of this store is written.
            self._connection.execute("ATTACH DATABASE ? AS saved", (str(path),))
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.execute("DELETE FROM document")
                self._connection.execute("INSERT INTO document SELECT * FROM saved.document")
            self._connection.execute("DETACH DATABASE saved")

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._connection.close()


class Collection(Generic[T]):
    """The documents of one kind, in the order they were added, by key."""

    def __init__(self, state: State, kind: str, model: type[T]) -> None:
        self._state = state
        self._kind = kind
        self._decoder = msgspec.msgpack.Decoder(model)

    def add(self, key: str, document: T) -> bool:
        """Keep a document under a new key; tell whether the key was free."""
        sql = "INSERT INTO document (kind, key, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return bool(self._state.execute(f"{sql} RETURNING 1", self._kind, key, _encode(document)))

    def put(self, key: str, document: T) -> None:
        """Keep a document, in place of any other under that key."""
        self._state.execute(
            "INSERT INTO document (kind, key, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            self._kind, key, _encode(document),
        )  # fmt: skip

    def get(self, key: str) -> T | None:
        """Answer with the document of a key."""
        sql = "SELECT body FROM document WHERE kind = ? AND key = ?"
        found = self._state.execute(sql, self._kind, key)
        return self._decoder.decode(found[0][0]) if found else None

    def all(self) -> list[T]:
        """Answer with every document."""
        sql = "SELECT body FROM document WHERE kind = ? ORDER BY position"
        return [self._decoder.decode(body) for (body,) in self._state.execute(sql, self._kind)]

    def delete(self, key: str) -> bool:
        """Forget a document; tell whether there was one."""
        sql = "DELETE FROM document WHERE kind = ? AND key = ? RETURNING 1"
        return bool(self._state.execute(sql, self._kind, key))

    def __len__(self) -> int:
        sql = "SELECT count(*) FROM document WHERE kind = ?"
        return int(self._state.execute(sql, self._kind)[0][0])


def _encode(document: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(document)
