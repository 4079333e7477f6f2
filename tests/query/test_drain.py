"""Drain: what is fixed and what varies; and that a pattern, as a line filter, finds the lines that made it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from whodid.logql.patterns import filter_fault, split_pattern
from whodid.query import drain
from whodid.query.drain import Drain
from whodid.query.patterns import matches


def mined(*lines: str) -> list[str]:
    miner = Drain()
    clusters = [miner.cluster_of(line) for line in lines]
    return sorted({cluster.pattern for cluster in clusters if cluster is not None})


def test_numbers_vary_from_the_first_line_on() -> None:
    assert mined("took 12ms for user 7") == ["took <_> for user <_>"]


def test_words_vary_once_two_lines_differ_in_them() -> None:
    lines = ("login of noa failed from 10.0.0.7", "login of dan failed from 10.0.0.8")
    assert mined(*lines) == ["login of <_> failed from <_>"]


def test_lines_that_have_little_in_common_stay_apart() -> None:
    lines = ("connection closed by peer now", "checkpoint starting: time")
    assert mined(*lines) == ["checkpoint starting: time", "connection closed by peer now"]


def test_json_and_sql_keep_their_punctuation() -> None:
    assert mined('{"level": "info", "took": 7}', '{"level": "info", "took": 12}') == ['{"level": "info", "took": <_>}']
    assert mined('DELETE FROM "User" WHERE id = 5;') == ['DELETE FROM "User" WHERE id = <_>;']


def test_text_that_looks_like_a_capture_varies() -> None:
    (pattern,) = mined("tag <body> closed by parser")
    assert pattern == "tag <_> closed by parser"


def test_a_line_of_numbers_alone_has_no_pattern() -> None:
    assert mined("1 2 3", "", "  ") == []


def test_a_cut_line_ends_in_a_wildcard() -> None:
    miner = Drain()
    for text in ("alpha beta gam", "alpha beta "):
        cluster = miner.cluster_of(text, is_cut=True)
        assert cluster is not None
        assert cluster.pattern == "alpha beta <_>"
    long = miner.cluster_of(" ".join(["word"] * 500))
    assert long is not None
    assert long.pattern == " ".join([*["word"] * drain.MAX_WORDS, "<_>"])


WORDS = st.sampled_from(["user", "noa", "dan", "failed", "10.0.0.7", "7", "<x>", "<_>", "a.b", "->", "é", "x" * 9])
GLUE = st.sampled_from([" ", "  ", "=", ": ", ", ", '"', "[", "] ", "\t", "/"])
LINES = st.lists(st.tuples(WORDS, GLUE).map("".join), max_size=8).map("".join)


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=25))
@settings(max_examples=300)
def test_a_pattern_finds_every_line_that_made_it(lines: list[str]) -> None:
    miner = Drain()
    made = [(line, cluster) for line in lines if (cluster := miner.cluster_of(line)) is not None]
    for line, cluster in made:
        assert filter_fault(cluster.pattern) == ""
        assert matches(split_pattern(cluster.pattern), line), (cluster.pattern, line)


@given(st.text(max_size=60), st.integers(1, 60))
def test_the_pattern_of_a_cut_line_finds_the_whole(line: str, length: int) -> None:
    cut = line[:length]
    cluster = Drain().cluster_of(cut, is_cut=len(cut) < len(line))
    if cluster is not None:
        assert matches(split_pattern(cluster.pattern), line)


def test_many_different_lines_stay_bounded() -> None:
    miner = Drain()
    alphabet = "abcdefghij"
    lines = [f"{a}{b}{c}{d} {d}{c}{b}{a}" for a in alphabet for b in alphabet for c in alphabet for d in alphabet]
    clusters = {id(cluster) for line in lines if (cluster := miner.cluster_of(line)) is not None}
    assert len(clusters) <= drain.MAX_CLUSTERS
    assert len(miner._known) <= drain.MAX_SHAPES
