"""patterns: literals and captures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.logql_trees import patient
from whodid.logql.patterns import Capture, filter_fault, parser_fault, split_pattern


def test_parts() -> None:
    assert split_pattern('<ip> - [<_>] "<m1>"') == (
        Capture("ip"),
        " - [",
        Capture("_"),
        '] "',
        Capture("m1"),
        '"',
    )


@pytest.mark.parametrize("text", ["", "plain", "<", "<>", "a < b > c", "<1a>", "<a b>", "<é>", "<<"])
def test_what_is_no_capture_is_literal(text: str) -> None:
    assert "".join(str(part) for part in split_pattern(text)) == text


@patient()
@given(st.text(alphabet="<>_ab "))
def test_no_character_is_lost(text: str) -> None:
    parts = split_pattern(text)
    assert "".join(f"<{part.name}>" if isinstance(part, Capture) else part for part in parts) == text


@pytest.mark.parametrize(
    ("pattern", "for_parser", "for_filter"),
    [
        ("<a> <b>", "", "named captures"),
        ("<a><_>", "found consecutive capture '<a><_>'", "named captures"),
        ("<_> x <_>", "at least one capture", ""),
        ("<_><_>", "at least one capture", "found consecutive capture"),
        ("<a> <a>", "duplicate capture name (a)", "named captures"),
        ("", "at least one capture", ""),
    ],
)
def test_faults(pattern: str, for_parser: str, for_filter: str) -> None:
    for fault, expected in ((parser_fault(pattern), for_parser), (filter_fault(pattern), for_filter)):
        assert fault.startswith(expected)
        assert bool(fault) == bool(expected)
