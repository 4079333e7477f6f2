"""Which encodings can be read line by line, and what a file's first bytes say."""

import codecs

import pytest

from whodid.sources.encodings import UTF8, Encoding, UnknownEncoding, encoding_of, find_encoding

KNOWN = {
    "UTF-8": ("utf-8", 1),
    "ISO-8859-1": ("iso8859-1", 1),
    "windows-1252": ("cp1252", 1),
    "KOI8-R": ("koi8-r", 1),
    "Shift_JIS": ("shift_jis", 1),
    "GB18030": ("gb18030", 1),
    "EUC-KR": ("euc_kr", 1),
    "UTF-16": ("utf-16-le", 2),
    "UTF-16BE": ("utf-16-be", 2),
    "UTF-32LE": ("utf-32-le", 4),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known(name: str) -> None:
    assert find_encoding(name) == Encoding(*KNOWN[name])


@pytest.mark.parametrize("name", ["UTF-9", "base64", "rot13", "idna", "UTF-7", "HZ-GB-2312", "IBM037", "\0", "é"])
def test_what_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(UnknownEncoding, match="cannot be read line by line: use an IANA name"):
        find_encoding(name)


def test_a_mark_goes_before_what_was_asked_for() -> None:
    latin = find_encoding("ISO-8859-1")
    assert encoding_of(b"", latin) == latin
    assert encoding_of(b"") == encoding_of(codecs.BOM_UTF8 + b"x", latin) == UTF8
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        assert encoding_of("\ufeffx".encode(codec), latin).codec == codec
