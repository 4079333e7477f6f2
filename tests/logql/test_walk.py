"""walk: every node once, parents first, whatever the depth."""

import pytest

from whodid.logql import ast, parse, print_selector, selector_of
from whodid.logql.walk import walk


@pytest.mark.parametrize(
    ("query", "selectors"),
    [
        ('{a="b"} | json', ['{a="b"}']),
        ("1 + 1", []),
        ("vector(1)", []),
        ('sum(rate({a="b"}[5m])) / sum(rate({c="d"}[5m])) > 5', ['{a="b"}', '{c="d"}']),
        ('label_replace(topk(1, rate({a="b"} | unwrap x [5m])), "d", "", "s", "")', ['{a="b"}']),
    ],
)
def test_selectors(query: str, selectors: list[str]) -> None:
    assert [print_selector(selector) for selector in selector_of(parse(query))] == selectors


def test_nodes_and_depths() -> None:
    tree = parse('sum(rate({a="b"} | x=1 or y=2 | unwrap z | w=3 [5m])) + 4')
    assert [(type(node).__name__, depth) for node, depth in walk(tree)] == [
        ("BinaryOperation", 1),
        ("VectorAggregation", 2),
        ("RangeAggregation", 3),
        ("LogQuery", 4),
        ("OrPredicate", 5),
        ("NumberPredicate", 6),
        ("NumberPredicate", 6),
        ("NumberPredicate", 4),
        ("NumberLiteral", 2),
    ]


def test_a_very_deep_tree() -> None:
    tree: ast.SampleExpr = ast.NumberLiteral(1)
    for _ in range(50_000):
        tree = ast.VectorAggregation("sum", tree)
    assert max(depth for _, depth in walk(tree)) == 50_001
    # Python takes a nested structure apart recursively; this one is taken apart by hand.
    while isinstance(tree, ast.VectorAggregation):
        tree = tree.expr
