"""`| unpack`."""

import pytest

from whodid.logql.ast import Unpack
from whodid.query.line import Line
from whodid.query.stages import unpack


@pytest.mark.parametrize(
    ("text", "line", "labels", "error"),
    [
        ('{"_entry": "inner", "a": "1", "n": 2}', "inner", {"a": "1"}, ""),
        ('{"a": "1"}', '{"a": "1"}', {}, ""),
        ("plain", "plain", {}, "JSONParserErr"),
        ("", "", {}, ""),
    ],
)
def test_unpack(text: str, line: str, labels: dict[str, str], error: str) -> None:
    packed = Line(0, text, {}, {})
    assert unpack.apply(Unpack())(packed)
    assert (packed.text, packed.parsed, packed.error) == (line, labels, error)
