"""`| regexp`."""

from whodid.logql.ast import RegexpParser
from whodid.query.line import Line
from whodid.query.stages import regexp


def test_named_groups_become_labels() -> None:
    step = regexp.apply(RegexpParser(r"(?P<user>\w+)@(?P<host>\w+)(:(?P<port>\d+))?"))
    line = Line(0, "from שלום@prod ana@prod", {"host": "stored"}, {})
    assert step(line)
    assert line.parsed == {"user": "ana", "host_extracted": "prod", "port": ""}


def test_a_line_without_a_match_stays() -> None:
    line = Line(0, "a\nb", {}, {})
    assert regexp.apply(RegexpParser("(?P<x>a.b)"))(line)
    assert (line.parsed, line.error) == ({}, "")
