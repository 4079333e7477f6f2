"""The printer: parentheses where the tree needs them, and only there."""

import pytest
from hypothesis import given

from kit.logql_trees import exprs, patient, sample_exprs
from whodid.logql import ast, parse, print_expr

ONE, TWO, THREE = (ast.NumberLiteral(n) for n in (1, 2, 3))


def binary(op: ast.BinaryOp, left: ast.SampleExpr, right: ast.SampleExpr) -> ast.BinaryOperation:
    return ast.BinaryOperation(op, left, right)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (binary("-", binary("-", ONE, TWO), THREE), "1 - 2 - 3"),
        (binary("-", ONE, binary("-", TWO, THREE)), "1 - (2 - 3)"),
        (binary("^", ONE, binary("^", TWO, THREE)), "1 ^ 2 ^ 3"),
        (binary("^", binary("^", ONE, TWO), THREE), "(1 ^ 2) ^ 3"),
        (binary("*", binary("+", ONE, TWO), THREE), "(1 + 2) * 3"),
        (binary("+", binary("*", ONE, TWO), THREE), "1 * 2 + 3"),
        (binary("^", ast.NumberLiteral(-2), TWO), "-2 ^ 2"),
    ],
)
def test_parentheses(tree: ast.Expr, text: str) -> None:
    assert print_expr(tree) == text


@patient(40)
@given(exprs)
def test_the_text_is_canonical(tree: ast.Expr) -> None:
    text = print_expr(tree)
    assert "\n" not in text
    assert print_expr(parse(text)) == text


@patient(40)
@given(sample_exprs)
def test_parentheses_around_the_whole_change_nothing(tree: ast.Expr) -> None:
    assert parse(f"({print_expr(tree)})") == tree
