"""Django's PostgreSQL backend, which also reads times that Python has no type for: see ``base``."""
