"""The one root exception.

Every room defines its own errors beside the code that raises them, all of them below `WhodidError`, so that
a door (the API, the command line) can turn each into one clear sentence. What is not a `WhodidError` is a bug.
"""


class WhodidError(Exception):
    """Something the user can act on: says what, where and what to do, in one sentence."""
