"""whodid.yml: reading it and building every room's settings. settings.py says what there is, load.py reads it."""
