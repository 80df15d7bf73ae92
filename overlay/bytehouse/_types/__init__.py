"""ClickHouse types: how they are spelled, and what their values are in Python."""
