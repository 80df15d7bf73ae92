"""Send one request and return its response. The only package that imports HTTP libraries."""
