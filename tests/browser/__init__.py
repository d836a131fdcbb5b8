"""Tests of the real product in Chromium."""
