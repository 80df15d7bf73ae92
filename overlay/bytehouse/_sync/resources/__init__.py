# Derived from overlay/bytehouse/_async/resources/__init__.py by `make generate`. Do not edit.
"""The operations of the API as methods, one module for each resource."""
