"""A document store on SQLite for what the engine does not keep: the control plane's objects.

It is thread-safe, a document is written through before a call returns, and with a file the
documents survive a restart.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from bytehouse_emulator.errors import not_found

T = TypeVar("T", bound=msgspec.Struct)

_TABLE = """
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (kind, key)
)
"""


class DocumentStore:
    """A store of documents, in a file or in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        if path:
            # Survives the end of the process at any time, which is all that is required.
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
        """Delete every document."""
        self.execute("DELETE FROM document")

    def save(self, path: Path) -> None:
        """Copy every document to a file."""
        copy = sqlite3.connect(path)
        with self.lock:
            self._connection.backup(copy)
        copy.close()

    def load(self, path: Path) -> None:
        """Replace all documents by those of a file."""
        with self.lock:
            # Not the inverse backup: that one would change how the file of this store is written.
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
    """The documents of one kind by key, in the order they were added."""

    def __init__(self, store: DocumentStore, kind: str, model: type[T]) -> None:
        self._store = store
        self._kind = kind
        self._decoder = msgspec.msgpack.Decoder(model)

    def add(self, key: str, document: T) -> bool:
        """Store a document under a new key; return whether the key was free."""
        sql = "INSERT INTO document (kind, key, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return bool(self._store.execute(f"{sql} RETURNING 1", self._kind, key, _encode(document)))

    def put(self, key: str, document: T) -> None:
        """Store a document, replacing any under that key."""
        self._store.execute(
            "INSERT INTO document (kind, key, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            self._kind, key, _encode(document),
        )  # fmt: skip

    def get(self, key: str) -> T | None:
        """Return the document of a key."""
        sql = "SELECT body FROM document WHERE kind = ? AND key = ?"
        found = self._store.execute(sql, self._kind, key)
        return self._decoder.decode(found[0][0]) if found else None

    def require(self, key: str, kind: str) -> T:
        """Return the document of a key; 404 if there is none."""
        found = self.get(key)
        if found is None:
            raise not_found(kind, key)
        return found

    def all(self) -> list[T]:
        """Return every document."""
        sql = "SELECT body FROM document WHERE kind = ? ORDER BY position"
        return [self._decoder.decode(body) for (body,) in self._store.execute(sql, self._kind)]

    def delete(self, key: str) -> bool:
        """Delete a document; return whether there was one."""
        sql = "DELETE FROM document WHERE kind = ? AND key = ? RETURNING 1"
        return bool(self._store.execute(sql, self._kind, key))

    def delete_oldest(self, count: int) -> None:
        """Delete the documents that were added first."""
        self._store.execute(
            "DELETE FROM document WHERE position IN"
            " (SELECT position FROM document WHERE kind = ? ORDER BY position LIMIT ?)",
            self._kind, count,
        )  # fmt: skip

    def __len__(self) -> int:
        sql = "SELECT count(*) FROM document WHERE kind = ?"
        return int(self._store.execute(sql, self._kind)[0][0])


def _encode(document: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(document)
