"""The demo behind ``make run``: the sandbox and the web server together, without an account or a database server.

It starts other programs and imports nothing of the product. It stores everything in ``var/``.
"""
