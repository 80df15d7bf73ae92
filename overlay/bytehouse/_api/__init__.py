"""The API's own ways: routes, paging, states, and lists under keys that are not documented."""
