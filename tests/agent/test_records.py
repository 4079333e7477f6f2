"""Lines into records: the table, and that it does not matter how the lines came."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whodid.agent.records import Record, RecordJoiner
from whodid.sources.lines import Lines


def tabbed(line: str, record: str) -> bool:
    return line.startswith("\t")


def lines(*texts: str, begin: int = 0) -> Lines:
    ends = []
    for text in texts:
        begin += len(text) + 1
        ends.append(begin)
    return Lines(list(texts), ends)


def test_a_record_is_complete_when_the_next_begins() -> None:
    joiner = RecordJoiner(tabbed)
    assert joiner.feed(lines("a", "\tb", "c")) == [Record("a\n\tb", 5)]
    assert joiner.waiting
    assert joiner.flush() == [Record("c", 7)]
    assert not joiner.waiting
    assert joiner.flush() == []


def test_continuation_across_feeds() -> None:
    joiner = RecordJoiner(tabbed)
    assert joiner.feed(lines("a")) == []
    assert joiner.feed(lines("\tb", begin=2)) == []
    assert joiner.feed(lines("c", begin=5)) == [Record("a\n\tb", 5)]


def test_a_continuation_that_comes_too_late_is_a_record_of_its_own() -> None:
    joiner = RecordJoiner(tabbed)
    joiner.feed(lines("a"))
    joiner.flush()
    joiner.feed(lines("\tb", begin=2))
    assert joiner.flush() == [Record("\tb", 5)]


def test_too_long_records_are_divided_not_cut() -> None:
    joiner = RecordJoiner(tabbed, max_record_bytes=6)
    assert joiner.feed(lines("abc", "\tde", "\tf")) == [Record("abc", 4)]
    assert joiner.flush() == [Record("\tde\n\tf", 11)]
    assert joiner.divided == 1


@given(st.lists(st.sampled_from(["a", "\tb", "", "\t", "cc"]), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_independent_of_how_the_lines_came(texts: list[str], cuts: list[int]) -> None:
    whole = lines(*texts)
    joiner = RecordJoiner(tabbed)
    expected = joiner.feed(whole) + joiner.flush()
    borders = [0, *sorted(min(c, len(texts)) for c in cuts), len(texts)]
    joiner, got = RecordJoiner(tabbed), []
    for a, b in pairwise(borders):
        got += joiner.feed(Lines(whole.texts[a:b], whole.ends[a:b]))
    got += joiner.flush()
    assert got == expected
    assert "\n".join(r.text for r in got) == "\n".join(texts)
