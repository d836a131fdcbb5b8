"""How fields are drawn: by one template of our own, and once for everyone where nobody has typed anything."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from destinations_ui.forms import DestinationForm

#: What a field's look depends on → how it looks, for a form that was not sent yet. The last few hundred of them.
DRAWN: dict[tuple[Hashable, ...], SafeString] = {}
MOST_DRAWN = 300


class Drawn(forms.BoundField):
    """A field on the page. Before a form is sent, a field looks the same for everyone, and is drawn once."""

    form: DestinationForm

    def as_field_group(self) -> SafeString:
        """Return the field with all that belongs to it."""
        form, value = self.form, self.value()
        offered = form.offered.get(self.name, ())
        # What somebody typed is neither kept nor anyone else's; a key that is offered is no secret.
        if form.is_bound or form.prefix or (value and value not in [key for key, _ in offered]):
            return super().as_field_group()
        # All else follows from the kind.
        look = (form.kind, self.name, value or "", self.field.help_text, self.field.required, offered)
        if look not in DRAWN:
            if len(DRAWN) >= MOST_DRAWN:
                DRAWN.clear()
            DRAWN[look] = super().as_field_group()
        return DRAWN[look]


class Renderer(TemplatesSetting):
    """Renders every field by one template of our own."""

    field_template_name = "forms/field.html"
