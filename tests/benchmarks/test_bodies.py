"""Bodies move in time and change in nothing else, whatever stands in their lines."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bodies import ORIGIN_S, SECOND, Body, encode, make_stock
from benchmarks.lines import SOURCES
from whodid.wire.push_protobuf import iter_entries

INSTANTS = st.integers(0, 20 * SECOND).map(lambda ns: ORIGIN_S * SECOND + ns)
LINES = st.lists(st.tuples(st.integers(0, len(SOURCES) - 1), INSTANTS, st.text(max_size=40)), min_size=1, max_size=30)


def entries(body: Body) -> list[tuple[str, int, str]]:
    return [(labels, entry.ns, entry.line) for labels, entry in iter_entries(body.raw)]


@given(LINES, st.integers(-100_000, 100_000), st.integers(1, 40))
def test_moved_is_later_and_nothing_else(lines: list[tuple[int, int, str]], by_s: int, per_body: int) -> None:
    for body in encode(sorted(lines, key=lambda line: line[1]), per_body):
        expected = [(labels, ns + by_s * SECOND, line) for labels, ns, line in entries(body)]
        moved = body.moved(by_s)
        assert entries(moved) == expected
        assert (moved.first_s, moved.last_s, moved.lines) == (body.first_s + by_s, body.last_s + by_s, body.lines)


def test_all_lines_are_in_bodies_of_the_size_asked_for() -> None:
    stock = make_stock(2500, 1000.0, 1000, run="live")
    assert [body.lines for body in stock.bodies] == [1000, 1000, 500]
    assert (stock.lines, stock.span_s) == (2500, 3)
    found = [entry for body in stock.bodies for entry in entries(body)]
    assert len(found) == 2500
    assert all('run="live"' in labels for labels, _, _ in found)
    assert stock.raw_bytes == sum(len(body.raw) for body in stock.bodies)


def test_packed_begins_when_it_is_told_to() -> None:
    stock = make_stock(1000, 1000.0, 500)
    raw = [bytes(cramjam.snappy.decompress_raw(body)) for body in stock.packed(ORIGIN_S + 7)]
    instants = sorted(entry.ns for body in raw for _, entry in iter_entries(body))
    assert instants[0] == (ORIGIN_S + 7) * SECOND
    assert instants[-1] < (ORIGIN_S + 8) * SECOND


def test_an_instant_without_five_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="five bytes"):
        next(encode([(0, 1 * SECOND, "x")], 1)).moved(1)
