"""paths: what of a line is asked for, and Loki's reasons for what is no path."""

import pytest

from whodid.logql.paths import parse_json_path, parse_logfmt_key


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b_1", ("a", "b_1")),
        ("a[0][12].b", ("a", 0, 12, "b")),
        ('["odd key"].b', ("odd key", "b")),
        (r'a["q\\u"]', ("a", r"q\\u")),
        ("[1]", (1,)),
        (' a . b [ 2 ] [ "c" ]\t', ("a", "b", 2, "c")),
        ('a["0"]', ("a", "0")),
        ('a["open]', None),
        ("a[9223372036854775807]", ("a", (1 << 63) - 1)),
    ],
)
def test_json_paths(path: str, steps: tuple[str | int, ...] | None) -> None:
    if steps is None:
        with pytest.raises(ValueError, match="expecting RSB"):
            parse_json_path(path)
        return
    assert parse_json_path(path) == steps


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "syntax error: unexpected $end, expecting LSB or FIELD"),
        (" ", "syntax error: unexpected $end, expecting LSB or FIELD"),
        ("9", "syntax error: unexpected $end, expecting LSB or FIELD"),
        ("é", "syntax error: unexpected $end, expecting LSB or FIELD"),
        (".a", "syntax error: unexpected DOT, expecting LSB or FIELD"),
        ("a.", "syntax error: unexpected $end, expecting FIELD"),
        ("a.7", "syntax error: unexpected $end, expecting FIELD"),
        ("a..b", "syntax error: unexpected DOT, expecting FIELD"),
        ("a b", "syntax error: unexpected FIELD"),
        ("a]", "syntax error: unexpected RSB"),
        ("a-b", "unexpected char -"),
        ("a é", "unexpected char é"),
        ("a[", "syntax error: unexpected $end, expecting STRING or INDEX"),
        ("a[7", "syntax error: unexpected $end, expecting STRING or INDEX"),
        ("a[x]", "syntax error: unexpected FIELD, expecting STRING or INDEX"),
        ("a[-1]", "syntax error: unexpected $end, expecting STRING or INDEX"),
        ("a[9999999999999999999]", "syntax error: unexpected $end, expecting STRING or INDEX"),
        ('a["x" y]', "syntax error: unexpected FIELD, expecting RSB"),
        ('["a]b"]', "syntax error: unexpected FIELD, expecting RSB"),
        ("a 2.5", "cannot use float as array index"),
        ("a 2x", "non-integer value: x"),
    ],
)
def test_what_is_no_json_path(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_json_path(path)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("level", "level"),
        (" level ", "level"),
        ('"level"', "level"),
        ('"two words"', "two words"),
        ('"open', "open"),
        ('a "b"', "a b"),
        ('""', ""),
    ],
)
def test_logfmt_keys(path: str, key: str) -> None:
    assert parse_logfmt_key(path) == key


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "syntax error: unexpected $end, expecting STRING or KEY"),
        ("7a", "syntax error: unexpected $end"),
        ("é", "syntax error: unexpected $end, expecting STRING or KEY"),
        ("a b", "syntax error: unexpected KEY"),
        ('"a" b', "syntax error: unexpected KEY"),
        ('"a]b"', "syntax error: unexpected KEY"),
        ("a.b", "unexpected char ."),
        ("a-b", "unexpected char -"),
        ("a[0]", "unexpected char ["),
        ("a 7", "unexpected char 7"),
    ],
)
def test_what_is_no_logfmt_key(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_logfmt_key(path)
    assert str(caught.value) == reason
