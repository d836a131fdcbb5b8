"""The product's settings, with its neighbours beside it."""

from __future__ import annotations

from destinations_ui.settings import *  # noqa: F403  # all of them

ROOT_URLCONF = "tests.benchmarks.neighbours"
