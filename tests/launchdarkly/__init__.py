"""Tests of the client: against the sandbox, and against servers that behave as no sandbox should."""

from __future__ import annotations
