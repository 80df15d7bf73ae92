"""The errors of generation."""


class GenerationError(Exception):
    """Generation is impossible; the message says why, and where to fix it."""


class UnmatchedCorrection(GenerationError):
    """A correction, numbered from 1, matches nothing."""

    def __init__(self, number: int, target: str) -> None:
        super().__init__(
            f"Correction {number} ({target}) matches nothing: mend its target, or drop it"
        )
        self.number = number
