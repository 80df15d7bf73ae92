"""The API document: operations, routes, validation, and what of them is modelled."""
