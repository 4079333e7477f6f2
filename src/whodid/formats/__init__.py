"""What a log's records say: one file per format, chosen by name with `make_format`. Pure, no I/O."""

from whodid.formats.errors import FormatError
from whodid.formats.factory import FORMATS, OPTIONS, make_format
from whodid.formats.format import Format, FormatSettings, Parsed

__all__ = ["FORMATS", "OPTIONS", "Format", "FormatError", "FormatSettings", "Parsed", "make_format"]
