"""How gunicorn serves the product; it reads this file by itself. The command line and GUNICORN_CMD_ARGS override it."""

from __future__ import annotations

import socket
import struct
from typing import Any

worker_class = "gthread"
#: Requests to LaunchDarkly keep their threads waiting: in each process at most 20 write and 8 read
#: (launchdarkly/throttling.py). So do sign-ins: 2 passwords are hashed and 4 wait (accounts/hashing.py). At least 6
#: threads stay free for every other page. Each thread may hold a connection to the database.
threads = 40
#: Longer than the longest LAUNCHDARKLY_TIMEOUT, so that a restart lets a creation under way come to its end.
graceful_timeout = 150
#: gunicorn would open a socket for commands in the home directory; nothing here uses it.
control_socket_disable = True
#: gunicorn would take SCRIPT_NAME and PATH_INFO from headers of those names, so a client could choose the path.
forwarder_headers = ""
#: New files, such as SQLite's, can be read by their owner alone.
umask = 0o077

#: Seconds after which a client that takes nothing of a response loses its connection, so that it keeps no thread.
SEND_TIMEOUT = 30


def when_ready(server: Any) -> None:
    """Set the timeout on the listening sockets: on Linux, each connection inherits it."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT, 0))
