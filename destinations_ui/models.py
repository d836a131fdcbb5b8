"""The models, where Django looks for them; they live in ``audit.models``."""

from __future__ import annotations

from destinations_ui.audit.models import AuditRecord, Event

__all__ = ["AuditRecord", "Event"]
