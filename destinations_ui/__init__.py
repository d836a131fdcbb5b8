"""Destinations UI: LaunchDarkly Data Export destinations, set up by form and kept on record."""
