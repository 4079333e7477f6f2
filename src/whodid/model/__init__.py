"""The nouns. Frozen, no I/O; every other room speaks in these. Nothing here imports another room."""
