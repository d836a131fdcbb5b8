"""The tests: `make test` runs them; `python -m pytest tests/...` runs some."""
