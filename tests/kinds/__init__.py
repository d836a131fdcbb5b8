"""Tests of the kinds: their contract, the vendors' rules, and what a wrong file does."""

from __future__ import annotations
