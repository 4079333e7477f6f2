"""`| pattern`."""

from whodid.logql.ast import PatternParser
from whodid.query.line import Line
from whodid.query.stages import pattern


def test_captures_become_labels() -> None:
    line = Line(0, "10.0.0.7 - ana GET", {"ip": "stored"}, {})
    assert pattern.apply(PatternParser("<ip> - <user> <_>"))(line)
    assert line.parsed == {"ip_extracted": "10.0.0.7", "user": "ana"}
