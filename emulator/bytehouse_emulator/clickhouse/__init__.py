"""ClickHouse's HTTP interface, as ByteHouse serves it on port 8123."""
