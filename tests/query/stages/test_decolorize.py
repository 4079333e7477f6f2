"""`| decolorize`."""

import pytest

from whodid.logql.ast import Decolorize
from whodid.query.line import Line
from whodid.query.stages import decolorize


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;200mx\x1b[K", "x"),
        ("\x1b]0;title\x07y", "y"),
        ("\x1b]0;a title\x07y", ";a title\x07y"),
        ("\x1b[?25hx\x9b2Jy", "xy"),
        ("\x1b(Bx", "x"),
        ("\x1b[1;200000mx", "0mx"),
        ("a [31m stays", "a [31m stays"),
    ],
)
def test_escapes_are_taken_out(text: str, plain: str) -> None:
    line = Line(0, text, {}, {})
    assert decolorize.apply(Decolorize())(line)
    assert line.text == plain
