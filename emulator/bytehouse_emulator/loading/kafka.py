"""Kafka topics, and jobs that read them, without a broker.

Messages are produced by the control API. A job reads each partition at a constant speed, so its
offset at any time follows from a few points in time, and the emulator's clock moves it. Messages
that were produced as rows are inserted into the job's table when its offset passes them; the others
only count. A row is inserted once, unless the process is killed between the insert and the update
of the offset.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import msgspec

from bytehouse_emulator.errors import EmulatorError, invalid
from bytehouse_emulator.simulation.clock import SECOND, Clock, timestamp
from bytehouse_emulator.storage.documents import DocumentStore

_MAX_POINTS: Final = 2000
_MAX_WINDOWS: Final = 10_000
_BATCH_ROWS: Final = 8192
_DEFAULT_SPEED: Final = 1000.0

Ordinal = Annotated[int, msgspec.Meta(ge=0, lt=1000)]
Rows = Callable[[list[bytes]], None]


class Produce(msgspec.Struct, forbid_unknown_fields=True):
    """Messages for a partition of a topic: a number of them, or rows, each a JSON object.

    `partitions` is how many partitions the topic has at least, and `speed` how many messages per
    second a job reads from each.
    """

    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=249)]
    partition: Ordinal = 0
    messages: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    rows: list[msgspec.Raw] = []
    partitions: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    speed: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None


class Point(msgspec.Struct, array_like=True):
    """The end of a partition and the reader's offset at a time, and its speed from then on."""

    at: int
    end: int
    offset: float
    speed: float


class Track(msgspec.Struct):
    """The progress of one job in one partition."""

    points: list[Point]
    inserted: int

    def state(self, at: int) -> tuple[int, int]:
        """Return the end of the partition and the reader's offset at a time."""
        place = bisect_right(self.points, at, key=lambda point: point.at)
        point = self.points[max(place - 1, 0)]
        read = point.offset + point.speed * max(at - point.at, 0) / SECOND
        return point.end, int(min(read, point.end) if point.speed else point.offset)

    def change(self, at: int, *, end: int | None = None, speed: float | None = None) -> None:
        """Change the end or the speed from a time on."""
        last = self.points[-1]
        _, offset = self.state(at)
        self.points.append(
            Point(
                max(at, last.at),
                last.end if end is None else end,
                offset,
                last.speed if speed is None else speed,
            )
        )
        del self.points[:-_MAX_POINTS]


class Topic(msgspec.Struct):
    """A topic: the end of each partition, and how fast it is read."""

    name: str
    ends: list[int]
    speed: float = _DEFAULT_SPEED


class Batch(msgspec.Struct):
    """Rows of a partition, with the offset of the first."""

    topic: str
    partition: int
    first: int
    rows: list[bytes]


class Reader(msgspec.Struct, kw_only=True):
    """The progress of a job in a topic; it outlives the job's executions."""

    job_id: int
    topic: str
    latest: bool
    reading: bool = False
    tracks: list[Track] = []


class Kafka:
    """The topics, and the jobs that read them."""

    def __init__(self, documents: DocumentStore, clock: Clock) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._topics = documents.collection("kafka-topic", Topic)
        self._readers = documents.collection("kafka-reader", Reader)
        self._batches = documents.collection("kafka-batch", Batch)
        self._index: dict[tuple[str, int], list[int]] = {}
        for batch in self._batches.all():
            self._index.setdefault((batch.topic, batch.partition), []).append(batch.first)

    def produce(self, produced: Produce) -> dict[str, Any]:
        """Add messages to a partition; return the topic."""
        if produced.messages and produced.rows:
            raise invalid("Kafka", "Give 'messages' or 'rows', not both.")
        with self.lock:
            topic = self._topic(produced.topic)
            count = max(produced.partitions, produced.partition + 1, len(topic.ends))
            topic.ends += [0] * (count - len(topic.ends))
            if produced.speed is not None:
                topic.speed = produced.speed
            if produced.rows:
                self._store(produced, topic.ends[produced.partition])
            topic.ends[produced.partition] += produced.messages or len(produced.rows)
            self._topics.put(topic.name, topic)
            for reader in self._readers.all():
                if reader.topic == topic.name:
                    self._adjust(reader, topic)
            return {"topic": topic.name, "ends": topic.ends, "speed": topic.speed}

    def start(self, job_id: int, topic: str, *, latest: bool) -> None:
        """Start reading for a job, where it stopped or else at one end of the topic."""
        with self.lock:
            reader = self._readers.get(str(job_id))
            if reader is None or reader.topic != topic:
                reader = Reader(job_id=job_id, topic=topic, latest=latest)
            reader.reading = True
            self._adjust(reader, self._topic(topic))

    def stop(self, job_id: int) -> None:
        """Stop reading for a job, which keeps its offsets."""
        with self.lock:
            if reader := self._readers.get(str(job_id)):
                reader.reading = False
                self._adjust(reader, self._topic(reader.topic))

    def forget(self, job_id: int) -> None:
        """Delete the offsets of a job."""
        with self.lock:
            self._readers.delete(str(job_id))

    def reset(self) -> None:
        """Forget every topic; documents are deleted elsewhere."""
        with self.lock:
            self._index.clear()

    def consume(self, job_id: int, insert: Rows) -> None:
        """Insert the rows that a job's offsets have passed."""
        with self.lock:
            reader, now = self._readers.get(str(job_id)), self._clock.nanoseconds()
            for partition, track in enumerate(reader.tracks if reader else ()):
                _, offset = track.state(now)
                if reader and offset > track.inserted:
                    for passed, rows in self._rows(reader.topic, partition, track.inserted, offset):
                        insert(rows)
                        track.inserted = passed
                        self._readers.put(str(job_id), reader)
                    track.inserted = offset
                    self._readers.put(str(job_id), reader)

    def positions(self, job_id: int) -> list[dict[str, int]]:
        """Return the offset and lag of a job in each partition."""
        with self.lock:
            reader, now = self._readers.get(str(job_id)), self._clock.nanoseconds()
            found = [track.state(now) for track in reader.tracks] if reader else []
        return [
            {"partition": partition, "offset": offset, "lag": end - offset}
            for partition, (end, offset) in enumerate(found)
        ]

    def history(
        self,
        job_id: int,
        partition: int,
        *,
        period: int,
        granularity: int,
        since: int,
        until: int,
    ) -> list[dict[str, Any]]:
        """Return how a job read a partition, window by window, oldest first.

        The windows end now, and those in which the execution did not run are left out (inferred).
        """
        if (period - 1) // granularity >= _MAX_WINDOWS:
            raise invalid(
                "Parameter",
                f"There are more than {_MAX_WINDOWS} windows; choose a longer granularity.",
            )
        with self.lock:
            reader, now = self._readers.get(str(job_id)), self._clock.nanoseconds()
        if reader is None or not 0 <= partition < len(reader.tracks):
            count = len(reader.tracks) if reader else 0
            raise EmulatorError(
                404, "KafkaPartition_NotFound", f"No partition {partition}: there are {count}."
            )
        track, windows = reader.tracks[partition], []
        # Counted from now, so that the newest window is whole.
        for begin in range(now - granularity, now - period - granularity, -granularity):
            start, end = max(begin, now - period, since), min(begin + granularity, until)
            if start < end:
                windows.append(_window(track, partition, start, end))
        return windows[::-1]

    def _topic(self, name: str) -> Topic:
        return self._topics.get(name) or Topic(name, [0])

    def _adjust(self, reader: Reader, topic: Topic) -> None:
        """Update a reader to the topic's ends and speed, and to whether it reads at all."""
        now, speed = self._clock.nanoseconds(), topic.speed if reader.reading else 0.0
        for partition, end in enumerate(topic.ends):
            if partition == len(reader.tracks):
                first = end if reader.latest else 0
                reader.tracks.append(Track([Point(now, end, first, speed)], first))
            else:
                track = reader.tracks[partition]
                last = track.points[-1]
                if (last.end, last.speed) != (end, speed):
                    track.change(now, end=end, speed=speed)
        # A partition that is added later is read from its beginning.
        reader.latest = False
        self._readers.put(str(reader.job_id), reader)

    def _store(self, produced: Produce, first: int) -> None:
        rows = [bytes(row).replace(b"\n", b" ") for row in produced.rows]
        batch = Batch(produced.topic, produced.partition, first, rows)
        self._batches.put(_key(batch.topic, batch.partition, first), batch)
        self._index.setdefault((batch.topic, batch.partition), []).append(first)

    def _rows(
        self, topic: str, partition: int, start: int, end: int
    ) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the rows among the messages of some offsets, with the offset after them."""
        firsts = self._index.get((topic, partition), [])
        for first in firsts[max(bisect_right(firsts, start) - 1, 0) :]:
            batch = self._batches.get(_key(topic, partition, first)) if first < end else None
            if batch is None:
                return
            last = min(end, first + len(batch.rows))
            for begin in range(max(start, first), last, _BATCH_ROWS):
                passed = min(begin + _BATCH_ROWS, last)
                yield passed, batch.rows[begin - first : passed - first]


def _key(topic: str, partition: int, first: int) -> str:
    return f"{topic}/{partition}/{first}"


def _window(track: Track, partition: int, start: int, end: int) -> dict[str, Any]:
    _, before = track.state(start)
    last, offset = track.state(end)
    return {
        "timestamp": timestamp(start),
        "partition": partition,
        "offset": offset,
        "lag": last - offset,
        "speed": round((offset - before) * SECOND / (end - start), 3),
    }
