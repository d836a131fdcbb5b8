"""Draw every form field with one template of ours."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting

from destinations_ui.destinations.forms.fields import BoundField


class Renderer(TemplatesSetting):
    """The form renderer of the settings."""

    field_template_name = "components/forms/field.html"
    bound_field_class = BoundField
