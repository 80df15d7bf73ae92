"""Carry one request to the host and bring its response back. The only package that knows the HTTP
libraries."""
