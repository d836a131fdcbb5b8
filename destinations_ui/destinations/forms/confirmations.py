"""What is unusual in a form, and how it is said to be right for the very values that it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.forms.posted_data import PREFIX

#: What a confirmation looks like: field, code and fingerprint.
MARK = re.compile(r"[a-z0-9_]{1,64}\.[a-z0-9_]{1,64}\.[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class PendingWarning:
    """Something unusual in what was typed, which the person is asked about.

    Attributes:
        field: The form's name of the field where it is told.
        message: What is unusual.
        mark: Names it and the very values: what was confirmed for others is not confirmed for these.
    """

    field: str
    message: str
    mark: str


def unusual(name: str, code: str, message: str, *texts: str) -> PendingWarning:
    """Return what is unusual in these texts of a field. The mark holds a keyed hash of them, so it tells no secret."""
    fingerprint = Secret("\0".join((code, *texts))).fingerprint(settings.FINGERPRINT_KEY)
    return PendingWarning(f"{PREFIX}{name}", message, f"{name}.{code}.{fingerprint}")
