"""How gunicorn serves the product; it reads this file by itself. The command line and GUNICORN_CMD_ARGS override it."""

from __future__ import annotations

worker_class = "gthread"
#: A creation waits for LaunchDarkly in its thread, so threads are what bounds how many can wait at once.
threads = 8
#: Longer than the longest LAUNCHDARKLY_TIMEOUT, so that a restart lets a creation under way come to its end.
graceful_timeout = 150
#: gunicorn would open a socket for commands in the home directory; nothing here uses it.
control_socket_disable = True
