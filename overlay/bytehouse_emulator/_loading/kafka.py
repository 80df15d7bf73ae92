"""Model Kafka topics, and jobs that read them, without a broker.

Messages are produced by a test lever. A job reads each partition at a steady speed, so where it
stood at any moment follows from a few points in time, and the emulator's clock moves it. Messages
that were given as rows are inserted in the job's table when its offset passes them; the others only
count. A row is inserted once, unless the process is killed between the insert and the note of it.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import msgspec

from .._clock import Clock, timestamp
from .._errors import EmulatorError, invalid
from .._state import State

_SECOND: Final = 1_000_000_000
_KEPT: Final = 2000
_WINDOWS: Final = 10_000
_TOGETHER: Final = 8192
_SPEED: Final = 1000.0

Ordinal = Annotated[int, msgspec.Meta(ge=0, lt=1000)]
Rows = Callable[[list[bytes]], None]


class Produce(msgspec.Struct, forbid_unknown_fields=True):
    """Messages for a partition of a topic: a number of them, or rows, each one a JSON object.

    `partitions` makes the topic have that many of them at least, and `speed` is how many messages a
    second a job reads from each partition of the topic.
    """

    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=249)]
    partition: Ordinal = 0
    messages: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    rows: list[msgspec.Raw] = []
    partitions: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    speed: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None


class Point(msgspec.Struct, array_like=True):
    """Where a partition and its reader stood at a moment, and how fast it read from then on."""

    at: int
    end: int
    offset: float
    speed: float


class Track(msgspec.Struct):
    """How one job has read one partition."""

    points: list[Point]
    inserted: int

    def stand(self, at: int) -> tuple[int, int]:
        """Answer with the end of the partition, and the offset reached, at a moment."""
        place = bisect_right(self.points, at, key=lambda point: point.at)
        point = self.points[max(place - 1, 0)]
        read = point.offset + point.speed * max(at - point.at, 0) / _SECOND
        return point.end, int(min(read, point.end) if point.speed else point.offset)

    def change(self, at: int, *, end: int | None = None, speed: float | None = None) -> None:
        """Let something be otherwise from a moment on."""
        last = self.points[-1]
        _, offset = self.stand(at)
        self.points.append(
            Point(
                max(at, last.at),
                last.end if end is None else end,
                offset,
                last.speed if speed is None else speed,
            )
        )
        del self.points[:-_KEPT]


class Topic(msgspec.Struct):
    """A topic: the end of each partition, and how fast it is read."""

    name: str
    ends: list[int]
    speed: float = _SPEED


class Batch(msgspec.Struct):
    """Rows of a partition, with the offset of the first."""

    topic: str
    partition: int
    first: int
    rows: list[bytes]


class Reader(msgspec.Struct, kw_only=True):
    """What a job has read of a topic; it outlives the job's executions."""

    job_id: int
    topic: str
    latest: bool
    reading: bool = False
    tracks: list[Track] = []


class Kafka:
    """The topics, and the jobs that read them."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._topics = state.collection("kafka-topic", Topic)
        self._readers = state.collection("kafka-reader", Reader)
        self._batches = state.collection("kafka-batch", Batch)
        self._index: dict[tuple[str, int], list[int]] = {}
        for batch in self._batches.all():
            self._index.setdefault((batch.topic, batch.partition), []).append(batch.first)

    def produce(self, given: Produce) -> dict[str, Any]:
        """Add messages to a partition; answer with the topic."""
        if given.messages and given.rows:
            raise invalid("Kafka", "Give 'messages' or 'rows', not both.")
        with self.lock:
            topic = self._topic(given.topic)
            wanted = max(given.partitions, given.partition + 1, len(topic.ends))
            topic.ends += [0] * (wanted - len(topic.ends))
            if given.speed is not None:
                topic.speed = given.speed
            if given.rows:
                self._keep(given, topic.ends[given.partition])
            topic.ends[given.partition] += given.messages or len(given.rows)
            self._topics.put(topic.name, topic)
            for reader in self._readers.all():
                if reader.topic == topic.name:
                    self._adjust(reader, topic)
            return {"topic": topic.name, "ends": topic.ends, "speed": topic.speed}

    def start(self, job_id: int, topic: str, *, latest: bool) -> None:
        """Let a job read: from where it stopped, or else from one end of the topic."""
        with self.lock:
            reader = self._readers.get(str(job_id))
            if reader is None or reader.topic != topic:
                reader = Reader(job_id=job_id, topic=topic, latest=latest)
            reader.reading = True
            self._adjust(reader, self._topic(topic))

    def stop(self, job_id: int) -> None:
        """Let a job read no more; it keeps its offsets."""
        with self.lock:
            if reader := self._readers.get(str(job_id)):
                reader.reading = False
                self._adjust(reader, self._topic(reader.topic))

    def forget(self, job_id: int) -> None:
        """Forget the offsets of a job."""
        with self.lock:
            self._readers.delete(str(job_id))

    def reset(self) -> None:
        """Forget every topic; what is kept of them is cleared elsewhere."""
        with self.lock:
            self._index.clear()

    def take(self, job_id: int, insert: Rows) -> None:
        """Insert the rows that a job's offsets have passed."""
        with self.lock:
            reader, now = self._readers.get(str(job_id)), self._clock.nanoseconds()
            for partition, track in enumerate(reader.tracks if reader else ()):
                _, offset = track.stand(now)
                if reader and offset > track.inserted:
                    for passed, rows in self._rows(reader.topic, partition, track.inserted, offset):
                        insert(rows)
                        track.inserted = passed
                        self._readers.put(str(job_id), reader)
                    track.inserted = offset
                    self._readers.put(str(job_id), reader)

    def positions(self, job_id: int) -> list[dict[str, int]]:
        """Answer with where a job stands in each partition."""
        with self.lock:
            reader, now = self._readers.get(str(job_id)), self._clock.nanoseconds()
            found = [track.stand(now) for track in reader.tracks] if reader else []
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
        """Answer with how a job read a partition, window by window, oldest first.

        The windows end now, and those in which the execution did not run are left out (inferred).
        """
        if (period - 1) // granularity >= _WINDOWS:
            raise invalid(
                "Parameter", f"There are more than {_WINDOWS} windows; choose a longer granularity."
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
        """Let a reader know of a topic's new ends and speed, and whether it reads at all."""
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
        # A partition that comes later is read from its beginning.
        reader.latest = False
        self._readers.put(str(reader.job_id), reader)

    def _keep(self, given: Produce, first: int) -> None:
        rows = [bytes(row).replace(b"\n", b" ") for row in given.rows]
        batch = Batch(given.topic, given.partition, first, rows)
        self._batches.put(_key(batch.topic, batch.partition, first), batch)
        self._index.setdefault((batch.topic, batch.partition), []).append(first)

    def _rows(
        self, topic: str, partition: int, start: int, end: int
    ) -> Iterator[tuple[int, list[bytes]]]:
        """Hand out the rows among the messages of some offsets, with the offset after them."""
        firsts = self._index.get((topic, partition), [])
        for first in firsts[max(bisect_right(firsts, start) - 1, 0) :]:
            batch = self._batches.get(_key(topic, partition, first)) if first < end else None
            if batch is None:
                return
            last = min(end, first + len(batch.rows))
            for begin in range(max(start, first), last, _TOGETHER):
                passed = min(begin + _TOGETHER, last)
                yield passed, batch.rows[begin - first : passed - first]


def _key(topic: str, partition: int, first: int) -> str:
    return f"{topic}/{partition}/{first}"


def _window(track: Track, partition: int, start: int, end: int) -> dict[str, Any]:
    _, before = track.stand(start)
    last, offset = track.stand(end)
    return {
        "timestamp": timestamp(start),
        "partition": partition,
        "offset": offset,
        "lag": last - offset,
        "speed": round((offset - before) * _SECOND / (end - start), 3),
    }
