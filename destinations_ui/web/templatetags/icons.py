"""Heroicons, each drawn once: the library takes an icon's tree apart at every use, and a page has dozens."""

from __future__ import annotations

from functools import cache

from django import template
from heroicons.templatetags import heroicons

register = template.Library()

for draw in (heroicons.heroicon_mini, heroicons.heroicon_outline):
    register.simple_tag(cache(draw))
