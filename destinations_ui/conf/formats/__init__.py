"""Formats of values that Django writes, as in the admin."""
