"""The commands, one file each; main.py lists them. They read the configuration, call, print; they decide nothing."""
