# Derived from overlay/bytehouse/_async/__init__.py by `make generate`. Do not edit.
"""The asynchronous client: the source that `make generate` derives the synchronous one from."""
