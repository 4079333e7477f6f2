"""Lines of UTF-16 and UTF-32: the rules of lines.py, and that how the bytes were cut never matters."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.encodings import UTF8, find_encoding
from whodid.sources.lines import LineSplitter
from whodid.sources.wide import WideSplitter, make_splitter

CODECS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
CHARS = 8


def made(codec: str, offset: int = 0) -> WideSplitter:
    encoding = find_encoding(codec)
    assert encoding is not None
    splitter = make_splitter(encoding, offset, CHARS * encoding.width)
    assert isinstance(splitter, WideSplitter)
    return splitter


def read(splitter: WideSplitter, pieces: list[bytes]) -> tuple[list[str], list[int]]:
    texts: list[str] = []
    ends: list[int] = []
    for lines in [*(splitter.feed(piece) for piece in pieces), splitter.finish()]:
        texts += lines.texts
        ends += lines.ends
    return texts, ends


@pytest.mark.parametrize("codec", CODECS)
def test_lines_and_where_they_end(codec: str) -> None:
    width = len("x".encode(codec))
    text = "a\r\n\n\u0a0a\u000d\u0a00\n12345678\n"
    texts, ends = read(made(codec, 100), [text.encode(codec)])
    assert texts == ["a", "", "\u0a0a\r\u0a00", "12345678"]
    assert ends == [100 + width * n for n in (3, 4, 8, 17)]


@pytest.mark.parametrize("codec", CODECS)
def test_long_lines_are_cut_with_a_mark_and_counted(codec: str) -> None:
    width = len("x".encode(codec))
    splitter = made(codec)
    texts, ends = read(splitter, ["123456789a\nx\n".encode(codec)])
    assert texts == [f"12345678… [whodid: line cut here, {2 * width} more bytes]", "x"]
    assert (ends, splitter.cut_lines) == ([11 * width, 13 * width], 1)


def test_a_hole_of_a_truncated_file_is_skipped() -> None:
    assert read(made("utf-16-le"), [bytes(6) + "ab\n".encode("utf-16-le")]) == (["ab"], [12])


def test_what_is_not_wide_is_cut_as_ever() -> None:
    assert isinstance(make_splitter(UTF8), LineSplitter)


@given(st.binary(max_size=60), st.sampled_from(CODECS), st.data())
def test_independent_of_how_the_bytes_are_cut(noise: bytes, codec: str, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(["", "a\n", "\n\n123456789abc\nx"])).encode(codec) + noise
    expected = read(made(codec), [whole])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in pairwise([0, *cuts, len(whole)])]
    assert read(made(codec), pieces) == expected
    assert expected[1][-1:] == ([len(whole)] if whole else [])
