"""Links with which a user sets a password: each works once, and for a few days."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.base import SessionBase
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

logger = logging.getLogger(__name__)

#: Where the session keeps a link that was opened. The page itself has a URL without it, so that neither a log nor a
#: ``Referer`` header shows the token of a link that still works.
OPENED = "password_link"


def create(actor: User, person: User) -> str:
    """Return the path of a new link for a user."""
    logger.info("%s created a password link for %s", actor, person)
    user_id = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("open-password-link", args=[user_id, default_token_generator.make_token(person)])


def user_of(user_id: str, token: str) -> User | None:
    """Return the user whose link it is, or ``None`` if it does not work, or not any more."""
    try:
        pk = int(urlsafe_base64_decode(user_id))
    except ValueError:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and default_token_generator.check_token(user, token) else None


def open_link(session: SessionBase, user_id: str, token: str) -> None:
    """Keep a link in the session if it works."""
    if user_of(user_id, token):
        session[OPENED] = [user_id, token]
    else:
        session.pop(OPENED, None)


def opened(session: SessionBase) -> User | None:
    """Return the user of the link that was opened, or ``None`` if none was that still works."""
    return user_of(*session[OPENED]) if OPENED in session else None


def close(session: SessionBase) -> None:
    """Forget the link."""
    session.pop(OPENED, None)
