"""Data loading: connections, import jobs, and executions that load files or read from Kafka."""
