"""What is on record when processes are killed and databases fail: never lost, never twice."""
