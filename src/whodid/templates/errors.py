"""The one error of this room."""

from whodid.errors import WhodidError


class TemplateError(WhodidError):
    """A template cannot be read or carried out; the text says where and why, in Go's words."""
