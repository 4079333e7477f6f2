"""Docker's frames and terminals, cut anywhere: the same lines, long ones joined, hostile ones bounded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import format_rfc3339
from whodid.sources.docker_stream import PART_BYTES, LogDecoder, LogLine

BEGIN_NS = 1_795_415_555_000_000_000
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30)
CUTS = st.lists(st.integers(0, 1 << 20), max_size=14)
MOST = 1 << 20


def stamp(ns: int) -> bytes:
    whole, _, rest = format_rfc3339(ns).rstrip("Z").partition(".")
    return f"{whole}.{rest:0<9}Z ".encode()


def frame(stream: str, payload: bytes) -> bytes:
    return bytes([{"stdout": 1, "stderr": 2, "engine": 3}[stream], 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


def parts(text: str) -> list[bytes]:
    """A line as the daemon reads it from a pipe."""
    data = text.encode() + b"\n"
    out = []
    while len(data) > PART_BYTES:
        out.append(data[:PART_BYTES])
        data = data[PART_BYTES:]
    return [*out, data]


def decode(data: bytes, cuts: list[int], terminal: bool, most: int = MOST) -> list[LogLine]:
    decoder = LogDecoder(terminal, most)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = [line for a, b in pairwise(edges) for line in decoder.feed(data[a:b])]
    assert not decoder.broken
    return found


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), TEXT)), CUTS)
def test_frames(said: list[tuple[str, str]], cuts: list[int]) -> None:
    lines = [LogLine(BEGIN_NS + n, stream, text) for n, (stream, text) in enumerate(said)]
    data = b"".join(frame(line.stream, stamp(line.ns) + line.text.encode() + b"\n") for line in lines)
    assert decode(data, cuts, terminal=False) == lines


@given(st.lists(TEXT), CUTS)
def test_a_terminal(said: list[str], cuts: list[int]) -> None:
    lines = [LogLine(BEGIN_NS + n, "stdout", text) for n, text in enumerate(said)]
    data = b"".join(stamp(line.ns) + line.text.encode() + b"\r\n" for line in lines)
    assert decode(data, cuts, terminal=True) == lines


LONG = [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 40_000]


@given(st.lists(st.sampled_from([0, 5, *LONG]), max_size=4), CUTS, st.booleans())
def test_long_lines_come_in_parts(sizes: list[int], cuts: list[int], terminal: bool) -> None:
    texts = ["é" * (size // 2) + "x" * (size % 2) for size in sizes]
    end = b"\r" if terminal else b""
    data = b""
    for n, text in enumerate(texts):
        for part in parts(text + end.decode()):
            piece = stamp(BEGIN_NS + n) + part
            data += piece if terminal else frame("stdout", piece)
    assert [line.text for line in decode(data, cuts, terminal)] == texts


def test_parts_of_two_streams_are_held_apart() -> None:
    first, second = b"a" * PART_BYTES, b"b" * PART_BYTES
    data = frame("stdout", stamp(1) + first) + frame("stderr", stamp(2) + second)
    decoder = LogDecoder(False, MOST)
    assert decoder.feed(data) == []
    assert decoder.oldest_unfinished_ns == 1
    lines = decoder.feed(frame("stderr", stamp(2) + b"2\n") + frame("stdout", stamp(1) + b"1\n"))
    assert [(line.ns, line.stream, line.text[-2:]) for line in lines] == [(2, "stderr", "b2"), (1, "stdout", "a1")]
    assert decoder.oldest_unfinished_ns is None


@given(st.integers(0, 300), CUTS, st.booleans())
def test_a_line_without_end_is_bounded(size: int, cuts: list[int], terminal: bool) -> None:
    piece = stamp(5) + b"x" * size + b"\n"
    data = piece + stamp(6) + b"y\n" if terminal else frame("stdout", piece) + frame("stdout", stamp(6) + b"y\n")
    first, second = decode(data, cuts, terminal, most=100)
    assert first.text.startswith("x" * min(size, 100))
    assert ("line cut here" in first.text) == (size > 100)
    assert second == LogLine(6, "stdout", "y")


def test_a_frame_that_claims_gigabytes_is_not_kept() -> None:
    decoder = LogDecoder(False, 1000)
    decoder.feed(bytes([1, 0, 0, 0, 255, 255, 255, 255]) + stamp(5))
    for _ in range(100):
        decoder.feed(b"x" * 10_000)
        assert len(decoder._data) < 20_000


def test_what_the_engine_says_itself_is_no_line() -> None:
    decoder = LogDecoder(False, MOST)
    assert decoder.feed(frame("engine", b"Error grabbing logs: invalid character\n")) == []
    assert decoder.complaint == "Error grabbing logs: invalid character"


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data: bytes, terminal: bool) -> None:
    decoder = LogDecoder(terminal, 100)
    decoder.feed(data)
    decoder.finish()
    decoder.feed(data)


def test_what_a_container_left_unfinished() -> None:
    decoder = LogDecoder(False, MOST)
    assert decoder.feed(frame("stdout", stamp(5) + b"no newline")) == []
    assert decoder.finish() == [LogLine(5, "stdout", "no newline")]


def test_what_is_no_frame_is_told() -> None:
    decoder = LogDecoder(False, MOST)
    decoder.feed(b"HTTP/1.1 500 ")
    assert "is no head of a frame" in decoder.broken
