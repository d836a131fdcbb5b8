#!/usr/bin/env python
"""Django's command-line utility for this project."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destinations_ui.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseError) as error:
        if "--traceback" in sys.argv:
            raise
        cause = "The database that DATABASE_URL names cannot be used: " if isinstance(error, DatabaseError) else ""
        sys.exit(f"{cause}{error}".strip())


if __name__ == "__main__":
    main()
