"""Records when processes are killed and databases fail: none is lost, none is duplicated."""
