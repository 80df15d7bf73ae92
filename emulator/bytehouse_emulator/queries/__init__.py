"""Queries: admission, execution, results."""
