"""What holds for all tests: names that are the same in every process, and deadlines that no loaded machine breaks."""

from hypothesis import settings

settings.register_profile("whodid", deadline=None)
settings.load_profile("whodid")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes by the name of their argument and a number, never by what they are: a gzip's header holds the second in
    which it was made, and pytest-xdist refuses workers that did not collect the same names."""
    return argname if isinstance(val, bytes) else None
