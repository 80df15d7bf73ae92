"""The one error that ends a generation."""


class GenerationError(Exception):
    """Say what stands in the way of generating, and where to mend it."""
