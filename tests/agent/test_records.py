"""Lines into records: the table, and that it does not matter how the lines came."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whodid.agent.records import RecordJoiner, Records
from whodid.formats.format import FormatSettings
from whodid.formats.postgres import Postgres
from whodid.sources.lines import Lines
from whodid.wire.push_protobuf import attribute_front


def tabbed(line: str, record: str) -> bool:
    return line.startswith("\t")


def pairs(records: Records) -> list[tuple[str, int]]:
    return list(zip(records.texts, records.ends, strict=True))


def flush(joiner: RecordJoiner) -> list[tuple[str, int]]:
    rest = Records([], [], [])
    joiner.flush_into(rest)
    return pairs(rest)


def lines(*texts: str, begin: int = 0) -> Lines:
    ends = []
    for text in texts:
        begin += len(text) + 1
        ends.append(begin)
    return Lines(list(texts), ends)


def test_a_record_is_complete_when_the_next_begins() -> None:
    joiner = RecordJoiner(tabbed)
    assert pairs(joiner.feed(lines("a", "\tb", "c"))) == [("a\n\tb", 5)]
    assert joiner.waiting
    assert flush(joiner) == [("c", 7)]
    assert not joiner.waiting
    assert flush(joiner) == []


def test_continuation_across_feeds() -> None:
    joiner = RecordJoiner(tabbed)
    assert pairs(joiner.feed(lines("a"))) == []
    assert pairs(joiner.feed(lines("\tb", begin=2))) == []
    assert pairs(joiner.feed(lines("c", begin=5))) == [("a\n\tb", 5)]


def test_a_continuation_that_comes_too_late_is_a_record_of_its_own() -> None:
    joiner = RecordJoiner(tabbed)
    joiner.feed(lines("a"))
    flush(joiner)
    joiner.feed(lines("\tb", begin=2))
    assert flush(joiner) == [("\tb", 5)]


def test_too_long_records_are_divided_not_cut() -> None:
    joiner = RecordJoiner(tabbed, max_record_bytes=6)
    assert pairs(joiner.feed(lines("abc", "\tde", "\tf"))) == [("abc", 4)]
    assert flush(joiner) == [("\tde\n\tf", 11)]
    assert joiner.divided == 1


@given(st.lists(st.sampled_from(["a", "\tb", "", "\t", "cc"]), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_independent_of_how_the_lines_came(texts: list[str], cuts: list[int]) -> None:
    whole = lines(*texts)
    joiner = RecordJoiner(tabbed)
    expected = pairs(joiner.feed(whole)) + flush(joiner)
    borders = [0, *sorted(min(c, len(texts)) for c in cuts), len(texts)]
    joiner = RecordJoiner(tabbed)
    got: list[tuple[str, int]] = []
    for a, b in pairwise(borders):
        got += pairs(joiner.feed(Lines(whole.texts[a:b], whole.ends[a:b])))
    got += flush(joiner)
    assert got == expected
    assert "\n".join(text for text, _ in got) == "\n".join(texts)


PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
HEAD = "2026-11-23 04:32:32 UTC [12]: [3-1] user=a,db=b,app=c,client=10.0.0.1 "
LINES = st.sampled_from(
    [HEAD + "LOG:  statement: SELECT 1", HEAD + "LOG:  x:  y", HEAD + "ERROR:  z", HEAD + "STATEMENT:  TRUNCATE t",
     HEAD.replace("[12]", "[13]") + "LOG:  w", "\tfurther", "stray", "", HEAD[:60], HEAD, "app=c,client=x LOG:  forged"]
)  # fmt: skip


@given(st.lists(LINES, max_size=15), st.sampled_from([1 << 20, 150]))
def test_heads_make_no_difference(texts: list[str], limit: int) -> None:
    """What the format knows at a glance saves asking it, and gives the same records."""
    log = Postgres(FormatSettings(line_prefix=PREFIX))
    asking, glancing = (
        RecordJoiner(log.continues, limit),
        RecordJoiner(log.continues, limit, log.quick(attribute_front).heads),
    )
    at = 0
    for text in texts:  # one by one, and below all at once
        one = lines(text, begin=at)
        assert pairs(asking.feed(one)) == pairs(glancing.feed(one))
        at = one.ends[0]
    assert flush(asking) == flush(glancing)
    records = glancing.feed(lines(*texts))
    glancing.flush_into(records)
    assert pairs(records) == pairs(asking.feed(lines(*texts))) + flush(asking)
    for text, head in zip(records.texts, records.heads, strict=True):
        assert head is None or (text.startswith(HEAD[:20]) and all(part in text for part in head))
