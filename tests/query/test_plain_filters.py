"""Regular expressions as Loki's filters read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.query.errors import QueryError
from whodid.query.plain_filters import is_any, label_expression, line_expression
from whodid.query.regex import anchored, compiled, unanchored


def label_takes(pattern: str, value: str) -> bool:
    return compiled(anchored(label_expression(pattern))).search(value) is not None


def line_takes(pattern: str, line: str) -> bool:
    return compiled(unanchored(line_expression(pattern))).search(line) is not None


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("warn", "warn", "warning"),
        ("warn|error", "error warn", "errors prewarn"),
        ("(warn|error)", "error warn", "errors prewarn"),
        # Sought anywhere.
        ("warn.*", "warning prewarning", "error"),
        (".*warn", "prewarn warning", "error"),
        ("warn|warning", "prewarning warn", "wa"),
        ("prod|preprod", "nonprod production preprod", "pr"),
        ("(?i)WARN.*", "Warning prewarn", "war"),
        (r"10\.0\..*", "10.0.1 110.0.1", "10x0.1"),
        ("/a/(users|games)", "/a/users/1 /b/a/games", "/a/ users"),
        # Classes, repetitions and anchors are asked as they stand.
        ("400|404", "400 404", "4040 1404"),
        ("4..", "400", "4000 1400"),
        ("warn(ing)?", "warn warning", "prewarn"),
        ("^warn.*", "warning", "prewarn"),
        # What always holds is forgotten beside something else.
        ("warn|.*", "warn", "error"),
        # Go's append has written `read` over `raz`.
        ("raz.*|read.*", "read rear", "raz"),
    ],
)
def test_labels(pattern: str, taken: str, left: str) -> None:
    assert [value for value in taken.split() if not label_takes(pattern, value)] == []
    assert [value for value in left.split() if label_takes(pattern, value)] == []


def test_an_empty_expression_takes_every_label() -> None:
    assert label_takes("", "")
    assert label_takes("", "x\ny")
    assert label_takes("|", "x")
    assert label_takes(".*", "")
    assert not label_takes(".+", "")


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("drop|truncate", "a drop,a truncate", "x"),
        ("user=(raz|app)", "user=raz", "user=x"),
        ("LOG:.*(DELETE|TRUNCATE)", "LOG:DELETE", "LOG: DELETE,DELETE"),
        ("LOG:.*(?:DELETE|x[yz])", "LOG: DELETE", "DELETE"),
        ("drop|.*", "drop", "x"),
        ("user=(raz.*|app.*)", "user=apple", "user=raz"),
        ("user=(razor.*|app.*)", "user=apple,user=razor", "user=raz"),
    ],
)
def test_lines(pattern: str, taken: str, left: str) -> None:
    assert [line for line in taken.split(",") if not line_takes(pattern, line)] == []
    assert [line for line in left.split(",") if line_takes(pattern, line)] == []


def test_is_any() -> None:
    assert [pattern for pattern in ["", ".*", "(.*)", "|", "a|", ".+", "a*"] if is_any(pattern)] == [
        "",
        ".*",
        "(.*)",
        "|",
    ]


WORDS = st.lists(st.text("abc", min_size=2, max_size=4), min_size=1, max_size=4).map("|".join)


@given(WORDS, st.text("abc", max_size=8))
def test_alternatives_of_a_line_are_found_as_they_are_written(pattern: str, line: str) -> None:
    assert line_takes(pattern, line) == any(word in line for word in pattern.split("|"))


@given(st.text("ab.*+|()?i:\\", max_size=12), st.text("abAB.\n", max_size=8))
def test_any_expression_can_be_asked(pattern: str, text: str) -> None:
    label, line = label_expression(pattern), line_expression(pattern)
    try:
        compiled(pattern)
    except QueryError:
        return  # which expressions are sound is not the question here
    compiled(anchored(label)).search(text)
    compiled(unanchored(line)).search(text)
