"""The form that confirms delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from destinations_ui.audit.models import AuditRecord
from destinations_ui.destinations.forms.fields import PlainField, Problem, discard_secret
from destinations_ui.destinations.forms.text import tidy

#: A clock elsewhere may be this much ahead of ours.
AHEAD = timedelta(minutes=1)
EXAMPLE = "Example: 2026-11-23 14:05"


class UTCDateTimeField(forms.Field):
    """A date and time in UTC, unless it names another time zone."""

    widget = forms.DateTimeInput({"type": "datetime-local", "class": "input", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")

    def to_python(self, value: Any) -> datetime | None:
        """Return the time.

        Raises:
            ValidationError: with what to type.
        """
        text = tidy(str(value or "")).removesuffix("UTC").strip()
        if not text:
            return None
        try:
            time = datetime.fromisoformat(text)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise forms.ValidationError(f"Enter a date and time in UTC. {EXAMPLE}", code="invalid") from None


class DeliveryForm(forms.Form):
    """When the first event was seen, and where."""

    seen_at = UTCDateTimeField(
        label="First event seen at (UTC)",
        error_messages={"required": f"Enter when you saw the first event, in UTC. {EXAMPLE}"},
    )
    evidence = PlainField(
        label="Where you saw it",
        help_text="Shown in the history: the place and what identifies the event. No keys.",
        multiline=True,
        widget=forms.Textarea({"class": "input", "rows": 2}),
        error_messages={
            "required": "Enter where you saw the event.",
            "max_length": "Shorten this to 2,048 characters.",
        },
    )

    def __init__(self, record: AuditRecord, data: QueryDict | None = None) -> None:
        """Make the form for a record; a secret that was typed into the evidence is neither kept nor shown back."""
        self.record = record
        shown, disclosed = discard_secret(data, "evidence")
        super().__init__(shown)
        if disclosed:
            self.fields["evidence"].error_messages["required"] = disclosed

    def clean_seen_at(self) -> datetime:
        """Refuse a time in the future, or before the attempt."""
        time: datetime = self.cleaned_data["seen_at"]
        if time > timezone.now() + AHEAD:
            raise forms.ValidationError("This time is in the future. Enter when you saw the first event, in UTC.")
        if time < self.record.created_at - AHEAD:
            raise forms.ValidationError("This is before the destination was created. Enter a later time, in UTC.")
        return time

    def problems(self) -> list[Problem]:
        """Return the lines of the error summary."""
        return [Problem(str(message), f"id_{name}") for name, messages in self.errors.items() for message in messages]
