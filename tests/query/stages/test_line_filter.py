"""Line filters: SQL and Python agree on random lines; patterns and addresses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.stage_bench import TEXTS, compare
from whodid.logql.ast import LineFilter, LineOperand
from whodid.query.line import Line
from whodid.query.stages import Scope, line_filter

PIECES = st.sampled_from([text for text in TEXTS if len(text) < 40]) | st.text(max_size=3).filter(
    lambda t: t.isprintable()
)
REGEXES = st.sampled_from(
    [
        *("a", "^a", "a$", "^$", ".", "a.b", "(?i)error", r"\d+", r"\.", "a|b", "[^a]$", "lines.a", "(?-s:a.b)", "é"),
        *(r"\x00", "(?m)^l", r"\\", "'", "(?i)A|LINES", "(?i)lines a", "two|b[.]a", "(?i)S|k", "(?i)a.*A", "x?a+b"),
    ]
)
PATTERNS = st.sampled_from(["<_>a", "a<_>", "<_>a<_>", "a", "<_>", "10.<_> - <_>", "two<_>a", "<_> - GET", "<_>'<_>"])
ADDRESSES = st.sampled_from(["10.0.0.7", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "::1", "0.0.0.0/0"])


def operands(texts: st.SearchStrategy[str], ip: bool = False) -> st.SearchStrategy[list[LineOperand]]:
    return st.lists(st.builds(LineOperand, texts, st.just(ip)), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.builds(LineFilter, st.sampled_from(["|=", "!="]), operands(PIECES).map(tuple)),
        st.builds(LineFilter, st.sampled_from(["|=", "!="]), operands(ADDRESSES, ip=True).map(tuple)),
        st.builds(LineFilter, st.sampled_from(["|~", "!~"]), operands(REGEXES).map(tuple)),
        st.builds(LineFilter, st.sampled_from(["|>", "!>"]), operands(PATTERNS).map(tuple)),
    )
)
def test_sql_and_python_agree(stage: LineFilter) -> None:
    compare(stage)


def test_nothing_is_said_of_a_line_that_was_rewritten() -> None:
    stage = LineFilter("|=", (LineOperand("a"),))
    assert line_filter.sql(stage, Scope({}, line_intact=False)) is None
    assert line_filter.sql(stage, Scope({}, labels="changed")) is not None


def test_a_negative_filter_is_narrowed_by_its_exact_operands_alone() -> None:
    fragment = line_filter.sql(LineFilter("!=", (LineOperand("a"), LineOperand("10.0.0.0/8", ip=True))), Scope({}))
    assert fragment is not None
    assert (fragment.condition, fragment.exact) == ("NOT (position(line, 'a') > 0)", False)


def test_apply_reads_the_text_as_it_stands() -> None:
    line = Line(0, "stored", {}, {})
    line.text = "rewritten"
    assert line_filter.apply(LineFilter("|=", (LineOperand("rewritten"),)))(line)
