"""`| unwrap` on one line; whole queries are in cases/unwrap.case."""

import pytest

from whodid.logql.ast import LabelFilter, StringPredicate, Unwrap
from whodid.model.matcher import Matcher
from whodid.query.line import Line
from whodid.query.unwrap import apply


@pytest.mark.parametrize(
    ("conversion", "text", "value"),
    [
        (None, "1.5", 1.5),
        (None, "1e3", 1000.0),
        (None, "0x1p4", 16.0),
        (None, "", None),
        ("bytes", "1.5KiB", 1536.0),
        ("bytes", "2 mb", 2e6),
        ("bytes", "7", 7.0),
        ("duration", "1m30s", 90.0),
        ("duration", "-250ms", -0.25),
        ("duration_seconds", "0", 0.0),
    ],
)
def test_values(conversion: str | None, text: str, value: float | None) -> None:
    line = Line(0, "", {}, {"v": text})
    assert apply(Unwrap("v", conversion))(line) == value
    assert line.error == ""


@pytest.mark.parametrize(
    ("conversion", "text", "details"),
    [
        (None, "x", 'strconv.ParseFloat: parsing "x": invalid syntax'),
        ("duration", "5", 'time: missing unit in duration "5"'),
        ("duration", "1d", 'time: unknown unit "d" in duration "1d"'),
        ("bytes", "5 apples", "unhandled size name: apples"),
    ],
)
def test_what_is_no_number_is_marked(conversion: str | None, text: str, details: str) -> None:
    line = Line(0, "", {}, {"v": text})
    assert apply(Unwrap("v", conversion))(line) == 0.0
    assert (line.error, line.error_details) == ("SampleExtractionErr", details)


def test_filters_run_behind_it() -> None:
    no_error = LabelFilter(StringPredicate(Matcher("__error__", "=", "")))
    value = apply(Unwrap("v", None, (no_error,)))
    assert value(Line(0, "", {}, {"v": "x"})) is None
    assert value(Line(0, "", {}, {"v": "2"})) == 2.0
    assert value(Line(0, "", {}, {})) is None
