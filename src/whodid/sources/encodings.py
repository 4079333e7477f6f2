"""How a file's bytes are text: an encoding by its IANA name, or what the first bytes of the file say. Pure.

Lines are cut before they are decoded, so that every place in a file stays a count of its bytes. That asks for encodings
in which a newline is always the same bytes: all that extend ASCII, and UTF-16 and UTF-32 in their units.
"""

import codecs
from typing import NamedTuple

from whodid.errors import WhodidError

_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b"\\~") + b"\n"  # Shift_JIS has yen and overline
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STATEFUL = ("hz", "iso2022", "utf-7", "idna", "punycode")
"""What a byte means depends on those before it, in other lines; or it is no encoding of texts."""
BYTE_ORDER_MARK = "\ufeff"
"""What a mark is as text: no part of the first line."""
_WIDE = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Little-endian where no mark says otherwise, as Windows writes it."""


class UnknownEncoding(WhodidError):
    """A source names an encoding that cannot be read."""


class Encoding(NamedTuple):
    """One that can be read line by line."""

    codec: str
    width: int
    """Bytes of a unit: a newline begins at a multiple of it."""

    @property
    def newline(self) -> bytes:
        return "\n".encode(self.codec)


UTF8 = Encoding("utf-8", 1)


def find_encoding(name: str) -> Encoding | None:
    """The encoding of an IANA name; None for an empty one: the file says it. Raises UnknownEncoding."""
    if not name:
        return None
    try:
        codec = codecs.lookup(name).name
        codec = _WIDE.get(codec, codec)
        if codec.startswith(("utf-16", "utf-32")):
            return Encoding(codec, int(codec[4:6]) // 8)
        if not codec.startswith(_STATEFUL) and _PLAIN.decode(codec) == _PLAIN.decode("ascii"):
            return Encoding(codec, 1)
    except (LookupError, UnicodeError, ValueError):
        pass
    raise UnknownEncoding(
        f"encoding {name!r} cannot be read line by line: use an IANA name like ISO-8859-1, windows-1252 or UTF-16LE"
    )


def encoding_of(head: bytes, asked: Encoding | None = None) -> Encoding:
    """The encoding of a file that begins so. A mark goes before what was asked for, as the WHATWG's standard has it."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, int(codec[4:6]) // 8 if codec != "utf-8" else 1)
    return asked or UTF8
