"""Heroicons, each drawn once for a response: drawing one takes 50 µs, and a page may show hundreds."""

from __future__ import annotations

from collections.abc import Callable

from django import template
from django.template import Context
from heroicons.templatetags import heroicons

register = template.Library()

Draw = Callable[..., str]


def once_a_response(draw: Draw) -> Draw:
    """Return a template tag that keeps each drawn icon on the request."""

    def icon(context: Context, name: str, **attributes: object) -> str:
        request = getattr(context, "request", None)
        drawn = vars(request).setdefault("drawn_icons", {}) if request else {}
        key = draw, name, *sorted(attributes.items())
        if key not in drawn:
            drawn[key] = draw(name, **attributes)
        svg: str = drawn[key]
        return svg

    icon.__name__ = draw.__name__
    return icon


for draw in (heroicons.heroicon_mini, heroicons.heroicon_outline):
    register.simple_tag(once_a_response(draw), takes_context=True)
