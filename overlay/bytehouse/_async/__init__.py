"""The client in one colour; the other is derived from the asynchronous one by `make generate`."""
