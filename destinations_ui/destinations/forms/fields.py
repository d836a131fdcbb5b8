"""Fields that every form can use: plain texts, secrets, and inputs that suggest values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.forms.possible_secrets import in_free_text
from destinations_ui.destinations.forms.text import refuse_controls, tidy

#: No value that a vendor defines is longer; a secret has no limit but the request's.
LONGEST = 2048
#: The message for a free text that could hold a secret.
DISCARDED = (
    "This looked like a secret, such as a key or a whole connection string, so it was removed. Leave the secret out."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the error summary: the message, and the id of the input to fix."""

    message: str
    anchor: str


class BoundField(forms.BoundField):
    """A field as our templates draw it: its widget's context, so that one template pass draws all fields."""

    @cached_property
    def drawn(self) -> dict[str, Any]:
        """Return the context of the widget's template."""
        attrs = self.build_widget_attrs({})
        if self.auto_id and "id" not in self.field.widget.attrs:
            attrs.setdefault("id", self.auto_id)
        context: dict[str, Any] = self.field.widget.get_context(self.html_name, self.value(), attrs)["widget"]
        return context


class PlainField(forms.CharField):
    """A text that may be shown: tidied, and without control characters."""

    def __init__(
        self,
        *,
        example: str = "",
        quotes: bool = False,
        multiline: bool = False,
        validators: Sequence[Callable[[str], None]] = (),
        normalize: Callable[[str], str] = str,
        **kwargs: Any,
    ) -> None:
        self.example = example
        self.normalize = normalize
        self.quotes = quotes
        self.allowed = "\r\n\t" if multiline else ""
        self.rules = validators
        kwargs.setdefault("max_length", LONGEST)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return tidy(str(value or ""), quotes=self.quotes)

    def run_validators(self, value: str) -> None:
        """Stop at the first broken rule: one message is enough."""
        if not value:
            return
        refuse_controls(value, self.allowed)
        for rule in self.rules:
            rule(value)
        super().run_validators(value)

    def clean(self, value: Any) -> str:
        return self.normalize(super().clean(value))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Give the longest length to our script alone: ``maxlength`` would silently cut a pasted value short."""
        attrs = super().widget_attrs(widget)
        longest = attrs.pop("maxlength", None)
        return attrs | {"data-longest": longest} if longest else attrs


class SecretField(forms.Field):
    """A secret: taken as typed, and never sent back to a page."""

    widget = forms.PasswordInput

    def to_python(self, value: Any) -> Secret:
        """Wrap the text, so that nothing shows it by accident."""
        return value if isinstance(value, Secret) else Secret(str(value or ""))

    def validate(self, value: Secret) -> None:
        if not value:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return
        refuse_controls(value.reveal())
        if not value.reveal().strip():
            raise ValidationError("This has only spaces. Copy the value again.", code="blank")


class SuggestInput(forms.TextInput):
    """A text input that offers values and allows others."""

    template_name = "components/forms/suggest.html"

    def __init__(self, suggestions: Sequence[tuple[str, str]], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        list_id = f"{widget['attrs'].get('id', name)}_list"
        widget["attrs"]["list"] = list_id
        widget |= {"suggestions": self.suggestions, "list_id": list_id}
        return context


def discard_secret(data: QueryDict | None, name: str) -> tuple[QueryDict | None, str]:
    """Return posted data without a free text that could hold a secret, and the message about that."""
    if data is None or not in_free_text(data.get(name, "")):
        return data, ""
    kept = data.copy()
    kept[name] = ""
    return kept, DISCARDED
