"""Bytes into lines: cases as a table, and the property that how the bytes were cut never matters."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.lines import LineSplitter

MAX = 8
CASES = {
    # name: (bytes, complete lines, their ends, what finish() adds)
    "two lines": (b"a\nbc\n", ["a", "bc"], [2, 5], []),
    "partial tail is kept": (b"a\nbc", ["a"], [2], ["bc"]),
    "empty lines are lines": (b"\n\n", ["", ""], [1, 2], []),
    "nothing": (b"", [], [], []),
    "crlf": (b"a\r\nb\r\n", ["a", "b"], [3, 6], []),
    "lone cr stays": (b"a\rb\n", ["a\rb"], [4], []),
    "bad utf-8 is shown": (b"a\xffb\n", ["a\ufffdb"], [4], []),
    "utf-8": ("é€\n".encode(), ["é€"], [6], []),
    "exactly the limit": (b"12345678\n", ["12345678"], [9], []),
    "over-long": (b"123456789abc\nx\n", ["12345678… [whodid: line cut here, 4 more bytes]", "x"], [13, 15], []),
    "over-long without end": (b"123456789", [], [], ["12345678… [whodid: line cut here, 1 more bytes]"]),
    "hole of a truncated file": (b"\0\0\0\0\0\0\0\0\0\0\0\0ab\n", ["ab"], [15], []),
    "nul inside a line stays": (b"a\0b\n", ["a\0b"], [4], []),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    data, texts, ends, rest = CASES[name]
    splitter = LineSplitter(0, MAX)
    lines = splitter.feed(data)
    assert (lines.texts, lines.ends) == (texts, ends)
    last = splitter.finish()
    assert last.texts == rest
    assert last.ends == ([len(data)] if rest else [])


def test_offsets_count_from_where_the_feed_was_resumed() -> None:
    assert LineSplitter(1000).feed(b"ab\nc\n").ends == [1003, 1005]


def test_cut_lines_are_counted() -> None:
    splitter = LineSplitter(0, 2)
    splitter.feed(b"123\n12\n1234")
    splitter.finish()
    assert splitter.cut_lines == 2


LOGGISH = st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\0", b"\xc3\xa9", b"\xff", b"123456789"]), max_size=40)


@given(LOGGISH, st.data())
def test_independent_of_how_the_bytes_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    expected = _all(LineSplitter(0, MAX), [whole])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    borders = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(borders)]
    assert _all(LineSplitter(0, MAX), pieces) == expected
    assert expected[1] == sorted(set(expected[1]))


def _all(splitter: LineSplitter, pieces: list[bytes]) -> tuple[list[str], list[int]]:
    texts: list[str] = []
    ends: list[int] = []
    for lines in [*(splitter.feed(p) for p in pieces), splitter.finish()]:
        texts += lines.texts
        ends += lines.ends
    return texts, ends
