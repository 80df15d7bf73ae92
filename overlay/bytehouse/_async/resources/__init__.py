"""The operations of the API as methods, one module for each resource."""
