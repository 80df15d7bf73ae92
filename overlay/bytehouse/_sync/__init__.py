# Derived from overlay/bytehouse/_async/__init__.py by `make generate`. Do not edit.
"""The client in one flavour; the other is derived from the asynchronous one by `make generate`."""
