"""regexes: what RE2 says of a pattern."""

import pytest

from whodid.logql.regexes import capture_names, examine


@pytest.mark.parametrize(
    ("pattern", "matches_empty"),
    [("", True), (".*", True), (".+", False), ("a|", True), ("a?", True), ("^$", True), ("(?i)a", False)],
)
def test_empty_text(pattern: str, matches_empty: bool) -> None:
    assert examine(pattern) == ("", matches_empty)


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("(", "missing closing ): `(`"),
        ("[a", "missing closing ]: `[a`"),
        ("a)", "unexpected ): `a)`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        (r"\q", r"invalid escape sequence: `\q`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
    ],
)
def test_errors_speak_as_loki_does(pattern: str, error: str) -> None:
    assert examine(pattern).error == f"error parsing regexp: {error}"


def test_a_bad_pattern_is_told_to_the_caller_only(capfd: pytest.CaptureFixture[str]) -> None:
    examine("(((unheard of")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("(?P<a>x)(y)(?<b>z)(?:w)", ["a", "b"]),
        ("(?P<a>x)(?P<a>y)", ["a", "a"]),
        ("(?P<a>(?P<b>x))", ["a", "b"]),
        (r"\(?P<no>x", []),
        (r"\\(?P<yes>x)", ["yes"]),
        ("[(?P<no>]", []),
        ("[](?P<no>]", []),
        ("[^](?P<no>[:alpha:](?P<no>]", []),
        (r"[\](?P<no>]", []),
        (r"\Q(?P<no>x)\E(?P<yes>x)", ["yes"]),
        (r"(?P<yes>x)\Q(?P<no>x)", ["yes"]),
    ],
)
def test_captures(pattern: str, names: list[str]) -> None:
    assert not examine(pattern).error
    assert capture_names(pattern) == names
