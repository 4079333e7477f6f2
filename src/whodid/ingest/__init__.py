"""The write path: check, number, commit, tell. Contract: pipeline.py; the engine's part: commit.py, levels.py."""
