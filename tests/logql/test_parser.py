"""The parser: trees spelled out, properties over all trees and texts, limits. Single queries are in grammar.cases."""

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.logql_trees import exprs, patient, selectors
from whodid.logql import LogQLError, ast, parse, parse_selector, print_expr, print_selector
from whodid.model.matcher import Matcher

SELECTOR = ast.Selector((Matcher("a", "=", "b"),))
MINUTE = 60_000_000_000


def test_a_log_query() -> None:
    assert parse('{a="b"} |= "x" or ip("::1") | logfmt --strict k | s >= 5 or t=~"u", d > 1m | drop v, w!="z"') == (
        ast.LogQuery(
            SELECTOR,
            (
                ast.LineFilter("|=", (ast.LineOperand("x"), ast.LineOperand("::1", ip=True))),
                ast.LogfmtParser(strict=True, extractions=(ast.Extraction("k", "k"),)),
                ast.LabelFilter(
                    ast.OrPredicate(
                        ast.NumberPredicate("s", ">=", 5),
                        ast.AndPredicate(
                            ast.StringPredicate(Matcher("t", "=~", "u")), ast.DurationPredicate("d", ">", MINUTE)
                        ),
                    )
                ),
                ast.Drop((ast.LabelChoice("v"), ast.LabelChoice("w", "!=", "z"))),
            ),
        )
    )


def test_a_metric_query() -> None:
    window = ast.LogRange(
        ast.LogQuery(SELECTOR, (ast.JsonParser(),)),
        5 * MINUTE,
        MINUTE,
        ast.Unwrap("took", "duration", (ast.LabelFilter(ast.StringPredicate(Matcher("__error__", "=", ""))),)),
    )
    quantile = ast.RangeAggregation("quantile_over_time", window, 0.9, ast.Grouping(("job",)))
    assert parse(
        'topk(3, quantile_over_time(0.9, {a="b"}[5m] offset 1m | json | unwrap duration(took) | __error__="")'
        " by (job)) without (host) > bool on (job) group_left (x) vector(7)"
    ) == ast.BinaryOperation(
        ">",
        ast.VectorAggregation("topk", quantile, 3.0, ast.Grouping(("host",), without=True)),
        ast.VectorLiteral(7.0),
        ast.VectorMatching(("job",), on=True, group="left", include=("x",)),
        return_bool=True,
    )


@patient(100)
@given(exprs)
def test_every_tree_survives_the_text(tree: ast.Expr) -> None:
    assert parse(print_expr(tree)) == tree


@patient()
@given(selectors)
def test_every_selector_survives_the_text(selector: ast.Selector) -> None:
    assert parse_selector(print_selector(selector)) == selector


def parses_or_refuses(text: str) -> None:
    try:
        tree = parse(text)
    except LogQLError as error:
        assert str(error).startswith("parse error ")
        assert (error.line == 0) == (error.column == 0)
    else:
        assert parse(print_expr(tree)) == tree


@patient()
@given(st.text())
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    parses_or_refuses(text)


FRAGMENTS = (
    *(
        '{a="b"}',
        "{",
        "}",
        "(",
        ")",
        "[5m]",
        ",",
        "|",
        "|=",
        "!=",
        "=~",
        "!~",
        "|>",
        "=",
        "==",
        ">",
        "+",
        "-",
        "^",
        "#",
    ),
    *('"x"', "`y`", "5", "5m", "5MB", "a", "--strict", "by", "on", "bool", "or", "and", "unless", "offset", "unwrap"),
    *("json", "logfmt", "regexp", "pattern", "label_format", "line_format", "drop", "keep", "group_left"),
    *("sum", "rate", "topk", "vector", "label_replace", "ip", "#"),
)


@patient()
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
def test_any_row_of_fragments_is_a_tree_or_an_error(fragments: list[str]) -> None:
    parses_or_refuses(" ".join(fragments))


@patient(50)
@given(exprs, st.data())
def test_a_damaged_query_is_a_tree_or_an_error(tree: ast.Expr, data: st.DataObject) -> None:
    text = print_expr(tree)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    parses_or_refuses(text[:start] + data.draw(st.sampled_from(("", " ", *FRAGMENTS))) + text[end:])


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        '{a="b"} | ' + "(" * 100_000,
        "rate(" + "(" * 100_000,
        "sum(" * 30_000,
        "label_replace(" * 9_000,
        "2^" * 60_000 + "2",
        "1+" * 60_000 + "1",
        '{a="b"} | a=1' + ",a=1" * 30_000,
        '{a="b"} | a=1' + " or a=1" * 18_000,
    ],
    ids=lambda text: text[:20],
)
def test_endless_nesting_is_refused(text: str) -> None:
    with pytest.raises(LogQLError, match=r"nested more than \d+ levels deep"):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 90 + "1" + ")" * 90, "sum(" * 90 + "vector(1)" + ")" * 90, "1" + " + 1" * 240])
def test_deep_but_allowed_trees_fit_the_stack(text: str) -> None:
    limit = sys.getrecursionlimit()
    assert limit <= 1000, "this test is about Python's default"
    assert parse(print_expr(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '{a="b"}' + ' |= "x"' * 18_000,
        '{a="b"} |= "x"' + ' or "x"' * 18_000,
        '{a="b"} | json ' + "a," * 60_000 + "a",
        '{a="b"} | label_format ' + ",".join(f"a{i}=b" for i in range(14_000)),
        '{a="b"} | regexp "' + "".join(f"(?P<a{i}>x)" for i in range(9_000)) + '"',
        '{a="b"} | pattern "' + " ".join(f"<a{i}>" for i in range(14_000)) + '"',
        "{" + 'a="b",' * 20_000 + 'a="b"}',
        "sum by (" + "a," * 60_000 + "a) (vector(1))",
    ],
    ids=lambda text: text[:30],
)
def test_long_queries_take_linear_time(text: str) -> None:
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 5


def test_a_query_has_a_longest_length() -> None:
    parse('{a="' + "é" * 65_533 + '"}')
    with pytest.raises(LogQLError, match=r"input size too long \(131073 > 131072\)"):
        parse('{a="' + "é" * 65_533 + 'x"}')


def test_half_a_character_is_refused() -> None:
    with pytest.raises(LogQLError, match="line 1, col 5: invalid UTF-8 rune"):
        parse('{a="\ud800"}')


@pytest.mark.parametrize("text", ["{}", '{a=""}', '{a=~".*", b!="c"}'])
def test_a_bare_selector_may_match_everything(text: str) -> None:
    assert print_selector(parse_selector(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }"),
        ("", "parse error : syntax error: unexpected $end, expecting {"),
        ('{a="b"} | json', "parse error : only label matchers is supported"),
        ('{a="b"}[5m]', "parse error at line 1, col 8: syntax error: unexpected RANGE"),
        ('rate({a="b"}[5m])', "parse error at line 1, col 1: syntax error: unexpected RATE, expecting {"),
        ('{a=~"("}', "parse error : error parsing regexp: missing closing ): `(`"),
    ],
)
def test_what_is_no_bare_selector(text: str, message: str) -> None:
    with pytest.raises(LogQLError) as caught:
        parse_selector(text)
    assert str(caught.value) == message
