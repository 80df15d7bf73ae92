"""Match the operations of another specification with ours.

By operation id, else by tag and summary, else by summary alone, else by shape. Matches are one to
one; ambiguous ones are reported, not guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import attrs

from .errors import UpstreamError
from .shape import Shape, path_parameters, word, words

T = TypeVar("T")

MIN_SIMILARITY = 0.6
"""Minimum similarity of two shapes, from 0 to 1."""
MARGIN = 0.06
"""Minimum distance to the similarity of the next best."""


@attrs.frozen
class Pair:
    """An operation of ours and the same one of theirs."""

    ours: Shape
    theirs: Shape
    by: str
    """How they were matched: operation id, tag and summary, summary, or shape."""
    score: float


@attrs.frozen
class Matching:
    """The result of matching."""

    pairs: tuple[Pair, ...]
    missing: tuple[Shape, ...]
    """Operations of ours that they lack."""
    added: tuple[Shape, ...]
    """Operations of theirs that we lack."""
    ambiguous: tuple[tuple[Shape, tuple[tuple[Shape, float], ...]], ...]
    """Operations of ours, each with candidates and their similarity."""

    def require_same_api(self, name: str) -> None:
        """Raise unless the specification is of this API.

        Raises:
            UpstreamError: Fewer than a quarter of our operations were found.
        """
        count = len(self.pairs) + len(self.missing) + len(self.ambiguous)
        if len(self.pairs) * 4 < count:
            raise UpstreamError(
                f"{name} is not a specification of the ByteHouse API: "
                f"only {len(self.pairs)} of {count} operations are in it.",
                hint="Give the address of the docs page of your tenant, or of its specification.",
            )


def match(ours: Sequence[Shape], theirs: Sequence[Shape]) -> Matching:
    """Match two lists of operations."""
    finder = _Finder(ours, theirs)
    finder.by_key("operation id", 1.0, lambda shape: shape.names)
    finder.by_key(
        "tag and summary", 1.0, lambda s: [(word(s.tag), word(s.summary))] if s.summary else []
    )
    finder.by_key("summary", 0.95, lambda s: [word(s.summary)] if s.summary else [])
    finder.by_shape()
    return finder.result()


class _Finder:
    def __init__(self, ours: Sequence[Shape], theirs: Sequence[Shape]) -> None:
        self._all = list(ours)
        self._ours = dict(enumerate(ours))
        self._theirs = dict(enumerate(theirs))
        self._pairs: dict[int, Pair] = {}
        self._scores: dict[tuple[int, int], float] = {}

    def _match(self, our: int, their: int, by: str, score: float) -> None:
        pair = Pair(self._ours.pop(our), self._theirs.pop(their), by, round(score, 2))
        self._pairs[our] = pair

    def by_key(self, by: str, score: float, keys: Callable[[Shape], Iterable[Hashable]]) -> None:
        """Match operations that share a key which no other operation on either side has."""
        ours, theirs = _grouped(self._ours, keys), _grouped(self._theirs, keys)
        for key, mine in ours.items():
            other = theirs.get(key, ())
            if len(mine) == len(other) == 1 and mine[0] in self._ours and other[0] in self._theirs:
                self._match(mine[0], other[0], by, score)

    def by_shape(self) -> None:
        """Match the most similar first, while they are similar enough and clear of others."""
        self._scores = {
            (our, their): _similarity(mine, other)
            for our, mine in self._ours.items()
            for their, other in self._theirs.items()
        }
        found = True
        while found:
            found = False
            for (our, their), score in sorted(self._open(), key=lambda entry: -entry[1]):
                if our in self._ours and their in self._theirs and self._is_clear(our, their):
                    self._match(our, their, "shape", score)
                    found = True

    def _open(self) -> list[tuple[tuple[int, int], float]]:
        return [
            (pair, score)
            for pair, score in self._scores.items()
            if score >= MIN_SIMILARITY and pair[0] in self._ours and pair[1] in self._theirs
        ]

    def _is_clear(self, our: int, their: int) -> bool:
        """Return whether no other remaining operation is about as similar to either of a pair."""
        bound = self._scores[our, their] - MARGIN
        return all(
            self._scores[our, other] < bound for other in self._theirs if other != their
        ) and all(self._scores[other, their] < bound for other in self._ours if other != our)

    def result(self) -> Matching:
        """Return the result."""
        ambiguous = []
        for our, shape in self._ours.items():
            rivals = [
                (self._theirs[their], round(score, 2))
                for (mine, their), score in self._open()
                if mine == our
            ]
            if rivals:
                ambiguous.append((shape, tuple(sorted(rivals, key=lambda r: (-r[1], r[0].id)))))
        ambiguous_ids = {shape.id for shape, _ in ambiguous}
        return Matching(
            pairs=tuple(self._pairs[number] for number in sorted(self._pairs)),
            missing=tuple(shape for shape in self._ours.values() if shape.id not in ambiguous_ids),
            added=tuple(self._theirs.values()),
            ambiguous=tuple(ambiguous),
        )


def _grouped(
    shapes: dict[int, Shape], keys: Callable[[Shape], Iterable[Hashable]]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, shape in shapes.items():
        for key in keys(shape):
            groups[key].append(number)
    return groups


def _similarity(ours: Shape, theirs: Shape) -> float:
    """Return the similarity of two operations, from 0 to 1, by the features that either has."""
    same_count = len(path_parameters(ours.path)) == len(path_parameters(theirs.path))
    features = [
        (1.0, float(ours.method == theirs.method)),
        (1.0, float(same_count)),
        (2.0, _overlap(ours.parameters, theirs.parameters)),
        (3.0, _overlap(ours.body, theirs.body)),
        (3.0, _overlap(ours.response, theirs.response)),
        (2.0, _overlap(words(ours.summary), words(theirs.summary))),
        (2.0, _overlap(_nouns(ours.path), _nouns(theirs.path))),
    ]
    shared = [(weight, value) for weight, value in features if value is not None]
    return sum(weight * value for weight, value in shared) / sum(weight for weight, _ in shared)


def _nouns(path: str) -> frozenset[str]:
    return frozenset(word(part) for part in path.split("/") if part and not part.startswith("{"))


def _overlap(ours: frozenset[str], theirs: frozenset[str]) -> float | None:
    united = ours | theirs
    return len(ours & theirs) / len(united) if united else None


def path_names(ours: str, theirs: str) -> dict[str, str] | None:
    """Return our name of each path parameter of theirs; None if they cannot be mapped.

    Equal names are mapped to each other, the others in order.
    """
    mine, other = path_parameters(ours), path_parameters(theirs)
    if len(mine) != len(other) or len(set(other)) != len(other):
        return None
    known = {word(name): name for name in mine}
    names = {name: known[word(name)] for name in other if word(name) in known}
    left = iter([name for name in mine if name not in names.values()])
    return {name: names[name] if name in names else next(left) for name in other}


def path_in_our_words(ours: str, theirs: str) -> str | None:
    """Return their route template with our parameter names; None if they cannot be mapped."""
    names = path_names(ours, theirs)
    if names is None:
        return None
    return re.sub(r"{([^{}]+)}", lambda found: f"{{{names[found[1]]}}}", theirs)
