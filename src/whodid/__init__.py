"""whodid: who did what, from where, and when. See ARCHITECTURE.md for the rooms and the life of one line."""

__version__ = "0.1.0"
