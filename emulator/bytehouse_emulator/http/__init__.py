"""The HTTP server: authentication, routing, responses."""
