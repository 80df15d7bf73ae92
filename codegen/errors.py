"""The one error that ends a generation."""


class GenerationError(Exception):
    """Say what stands in the way of generating, and where to mend it."""


class UnmatchedCorrection(GenerationError):
    """Say which correction, counted from 1, matches nothing."""

    def __init__(self, number: int, target: str) -> None:
        super().__init__(
            f"Correction {number} ({target}) matches nothing: mend its target, or drop it"
        )
        self.number = number
