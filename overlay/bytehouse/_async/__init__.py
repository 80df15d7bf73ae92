"""The client in one flavour; the other is derived from the asynchronous one by `make generate`."""
