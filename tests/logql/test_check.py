"""check: trees that were built by hand are judged like those that were read. The messages are in grammar.cases."""

import pytest
from hypothesis import given

from kit.logql_trees import exprs, patient
from whodid.logql import LogQLError, ast, check
from whodid.logql.check import MAX_DEPTH, check_selector
from whodid.model.matcher import Matcher

QUERY = ast.LogQuery(ast.Selector((Matcher("a", "=", "b"),)))
WINDOW = ast.LogRange(QUERY, 60_000_000_000)
ONE = ast.VectorLiteral(1.0)


@patient(40)
@given(exprs)
def test_sound_trees_pass(tree: ast.Expr) -> None:
    check(tree)


@pytest.mark.parametrize(
    ("tree", "part"),
    [
        (ast.LogQuery(ast.Selector(())), "at least one regexp or equality matcher"),
        (ast.RangeAggregation("max_over_time", WINDOW), "without unwrap"),
        (ast.RangeAggregation("rate", WINDOW, grouping=ast.Grouping(())), "grouping not allowed"),
        (ast.VectorAggregation("topk", ONE), "parameter required"),
        (ast.VectorAggregation("topk", ONE, 0.5), "invalid parameter topk"),
        (ast.VectorAggregation("avg", ONE, 1.0), "unsupported parameter"),
        (ast.BinaryOperation("or", ONE, ast.NumberLiteral(1)), "unexpected literal for right leg"),
    ],
)
def test_unsound_trees_do_not(tree: ast.Expr, part: str) -> None:
    with pytest.raises(LogQLError, match=part):
        check(tree)


def test_faults_deep_inside_are_found() -> None:
    unread = ast.StringPredicate(Matcher("y", "=~", "("))
    bad = ast.LabelFilter(ast.OrPredicate(ast.NumberPredicate("x", "=", 1), unread))
    unwrap = ast.Unwrap("x", None, (bad,))
    tree = ast.VectorAggregation("sum", ast.RangeAggregation("rate", ast.LogRange(QUERY, 1_000_000, 0, unwrap)))
    with pytest.raises(LogQLError, match="missing closing"):
        check(tree)


def test_the_deepest_tree() -> None:
    tree: ast.SampleExpr = ONE
    for _ in range(MAX_DEPTH - 1):
        tree = ast.BinaryOperation("+", tree, ONE)
    check(tree)
    with pytest.raises(LogQLError, match="nested"):
        check(ast.BinaryOperation("+", tree, ONE))


def test_a_selector_alone() -> None:
    check_selector(ast.Selector(()))
    with pytest.raises(LogQLError, match="error parsing regexp"):
        check_selector(ast.Selector((Matcher("a", "!~", "("),)))
