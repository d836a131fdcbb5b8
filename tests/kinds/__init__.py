"""Tests of the kinds: their contract, the vendors' rules, and invalid files."""

from __future__ import annotations
