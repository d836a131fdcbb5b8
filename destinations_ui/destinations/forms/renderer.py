"""How forms are rendered: every field by one template of our own."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Renders every field with ``templates/forms/field.html``."""

    field_template_name = "components/forms/field.html"
