"""Tests that drive the real product in Chromium, as a person does."""
