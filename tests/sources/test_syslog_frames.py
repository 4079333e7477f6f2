"""Messages of a connection: the same however the bytes were cut, in both ways of framing, and bounded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.syslog_frames import FrameSplitter

BODY = st.one_of(st.binary(max_size=30), st.sampled_from([b"7 <1>x", b"12", b"Nov 23 06:32:35 h a[1]: m", b"\xff\xfe"]))
CUTS = st.lists(st.integers(0, 1 << 16), max_size=14)


def split(data: bytes, cuts: list[int], most: int = 8192) -> tuple[list[bytes], FrameSplitter]:
    frames = FrameSplitter(most)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = [message for a, b in pairwise(edges) for message in frames.feed(data[a:b])]
    return [*found, *frames.finish()], frames


@given(st.lists(BODY.map(lambda body: b"<13>" + body), min_size=1), CUTS, st.sampled_from([b"", b"\n"]))
def test_counted_messages_may_hold_anything(messages: list[bytes], cuts: list[int], trailer: bytes) -> None:
    data = b"".join(b"%d %s%s" % (len(message), message, trailer) for message in messages)
    found, frames = split(data, cuts)
    assert found == messages
    assert not frames.broken


@given(st.lists(BODY, min_size=1), CUTS, st.sampled_from([b"\n", b"\r\n", b"\0"]), st.booleans())
def test_lines(bodies: list[bytes], cuts: list[int], end: bytes, ended: bool) -> None:
    messages = [b"<13>" + body.replace(b"\n", b"").replace(b"\0", b"").replace(b"\r", b"") for body in bodies]
    data = end.join(messages) + (end if ended else b"")
    found, frames = split(data, cuts)
    assert found == messages
    assert not frames.broken


@given(st.lists(st.integers(0, 40).map(lambda n: b"<13>" + b"x" * n), min_size=1), CUTS, st.booleans())
def test_long_messages_are_cut_and_the_next_is_found(messages: list[bytes], cuts: list[int], counted: bool) -> None:
    parts = [b"%d %s" % (len(m), m) if counted else m + b"\n" for m in messages]
    found, frames = split(b"".join(parts), cuts, most=20)
    assert found == [m[:20] for m in messages]
    assert frames.cut == sum(len(m) > 20 for m in messages)


@given(st.binary(max_size=300), CUTS)
def test_any_bytes_are_bounded(data: bytes, cuts: list[int]) -> None:
    found, frames = split(data, cuts, most=16)
    assert all(len(message) <= 16 for message in found)
    assert not frames.unfinished or frames.broken or frames._skip or frames._skipping


def test_what_stood_before_a_broken_count_is_kept() -> None:
    found, frames = split(b"5 <13>a5 <13>bnonsense", [])
    assert found == [b"<13>a", b"<13>b"]
    assert "nonsense" in frames.broken


def test_half_a_counted_message_is_all_there_is() -> None:
    assert split(b"50 <13>half", [])[0] == [b"<13>half"]


def test_lines_without_a_priority_that_begin_with_a_number() -> None:
    assert split(b"12 monkeys\n7\n", [1, 2, 3])[0] == [b"12 monkeys", b"7"]
