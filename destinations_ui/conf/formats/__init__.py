"""Formats for Django's admin."""
