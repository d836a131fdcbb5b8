"""Tests of the sandbox. They need neither Django nor the product."""

from __future__ import annotations
