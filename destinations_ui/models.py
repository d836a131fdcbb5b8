"""The models, where Django looks for them; they live in ``audit.models`` and ``accounts.models``."""

from __future__ import annotations

from destinations_ui.accounts.models import Preferences, UserSession
from destinations_ui.audit.models import AuditRecord, Event

__all__ = ["AuditRecord", "Event", "Preferences", "UserSession"]
