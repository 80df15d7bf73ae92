"""Measure the client against its peers, side by side in one run: `make bench`."""
