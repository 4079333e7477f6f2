"""The write path: check, number, commit, tell. pipeline.py is the contract; levels.py and commit.py hold the engine's part."""
