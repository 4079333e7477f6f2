"""What holds for all tests: hypothesis judges answers, never the speed of a loaded machine."""

from hypothesis import settings

settings.register_profile("whodid", deadline=None)
settings.load_profile("whodid")
