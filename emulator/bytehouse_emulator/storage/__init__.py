"""What is kept: documents, results of queries, snapshots of both."""
