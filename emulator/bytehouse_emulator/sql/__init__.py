"""The SQL dialect of ByteHouse on a ClickHouse engine."""
