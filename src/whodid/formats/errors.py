"""What can be wrong with a source's settings: the one error of this room. Log text itself is never an error."""

from whodid.errors import WhodidError


class FormatError(WhodidError):
    """A format that does not exist, or settings that a format cannot work with."""
