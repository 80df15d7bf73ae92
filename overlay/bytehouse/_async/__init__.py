"""The asynchronous client: the source that `make generate` derives the synchronous one from."""
