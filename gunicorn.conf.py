"""How gunicorn serves the product; it reads this file by itself. The command line and GUNICORN_CMD_ARGS override it."""

from __future__ import annotations

worker_class = "gthread"
#: A creation keeps its thread waiting: in each process 8 are sent at once and 12 wait (launchdarkly/throttling.py). So
#: does a sign-in: 2 passwords are hashed and 4 wait (accounts/views.py). At least 6 threads stay free for every other
#: page. Each thread may hold a connection to the database.
threads = 32
#: Longer than the longest LAUNCHDARKLY_TIMEOUT, so that a restart lets a creation under way come to its end.
graceful_timeout = 150
#: gunicorn would open a socket for commands in the home directory; nothing here uses it.
control_socket_disable = True
#: gunicorn would take SCRIPT_NAME and PATH_INFO from headers of those names, so a client could choose the path.
forwarder_headers = ""
