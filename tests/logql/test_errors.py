"""LogQLError: the two forms of its text."""

import pickle

from whodid.errors import WhodidError
from whodid.logql import LogQLError


def test_with_a_place() -> None:
    error = LogQLError.at("what", "one\ntwo three", 8)
    assert isinstance(error, WhodidError)
    assert (error.line, error.column, error.message) == (2, 5, "what")
    assert str(error) == "parse error at line 2, col 5: what"


def test_the_first_character_is_line_1_column_1() -> None:
    assert str(LogQLError.at("what", "x", 0)) == "parse error at line 1, col 1: what"


def test_without_a_place() -> None:
    assert str(LogQLError("what")) == "parse error : what"


def test_a_long_message_is_cut() -> None:
    assert len(str(LogQLError("x" * 100_000))) < 600


def test_it_can_be_told_to_another_process() -> None:
    error = LogQLError("what", 2, 5)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.line, copy.column) == (str(error), 2, 5)
