"""Django's SQLite backend with two differences: see ``base``."""
