"""Describe tables, and compare what is wanted with what there is."""
