"""The form for an operator's decision about an unresolved attempt."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from destinations_ui.destinations.forms.fields import PlainField, Problem, discard_secret

#: What is chosen when it is none of the candidates. A candidate's id has ``id:`` before it.
NONE = "none"


class DecisionForm(forms.Form):
    """Which destination it is, if any, and why. ``reconcile.decide`` checks that it can be that one."""

    destination_id = PlainField(error_messages={"required": "Choose a destination or “None of these”."})
    reason = PlainField(
        label="Reason",
        help_text="Shown in the history: how you know.",
        multiline=True,
        widget=forms.Textarea({"class": "input", "rows": 3, "hx-preserve": "true"}),
        error_messages={
            "required": "Enter how you know.",
            "max_length": "Shorten the reason to 2,048 characters.",
        },
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        """Make the form; a secret that was typed into the reason is neither kept nor shown back."""
        shown, disclosed = discard_secret(data, "reason")
        super().__init__(shown)
        if disclosed:
            self.fields["reason"].error_messages["required"] = disclosed

    def clean_destination_id(self) -> str:
        """Return the id that was chosen, empty for none."""
        chosen: str = self.cleaned_data["destination_id"]
        return "" if chosen == NONE else chosen.removeprefix("id:")

    def problems(self) -> list[Problem]:
        """Return the lines of the error summary."""
        anchors = {"destination_id": "id_destination_0", "reason": "id_reason"}
        return [Problem(str(message), anchors[name]) for name, messages in self.errors.items() for message in messages]
