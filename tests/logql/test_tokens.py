"""tokens: the vocabulary agrees with itself and with the tree."""

from typing import get_args

from whodid.logql import ast
from whodid.logql.tokens import (
    FUNCTIONS,
    GROUPED_RANGE_FUNCTIONS,
    KEYWORDS,
    LINE_FILTERS,
    PRECEDENCE,
    RANGE_FUNCTIONS,
    SET_OPERATORS,
    UNWRAP_RANGE_FUNCTIONS,
    VECTOR_FUNCTIONS,
)


def test_the_operators_are_the_trees() -> None:
    assert set(PRECEDENCE) == set(get_args(ast.BinaryOp))
    assert set(LINE_FILTERS) == set(get_args(ast.LineFilterOp))
    assert set(PRECEDENCE) >= SET_OPERATORS


def test_a_word_is_a_keyword_or_a_function() -> None:
    assert not KEYWORDS & FUNCTIONS
    assert not RANGE_FUNCTIONS & VECTOR_FUNCTIONS
    assert GROUPED_RANGE_FUNCTIONS < UNWRAP_RANGE_FUNCTIONS < RANGE_FUNCTIONS < FUNCTIONS


def test_all_words_are_lower_case() -> None:
    assert all(word == word.lower() for word in KEYWORDS | FUNCTIONS)
