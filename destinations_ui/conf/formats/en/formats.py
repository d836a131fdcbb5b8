"""Times are written in full, with their zone, as on every other page."""

from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i:s e"
