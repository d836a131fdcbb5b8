"""Django's SQLite backend, without the two habits that this product cannot have: see ``base``."""
