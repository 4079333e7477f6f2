"""`| keep`."""

from whodid.logql.ast import Keep, LabelChoice
from whodid.query.line import Line
from whodid.query.stages import keep


def test_everything_else_goes_but_for_errors() -> None:
    line = Line(0, "", {"job": "db", "host": "a"}, {"user": "ana"})
    line.extract("level", "info")
    line.keeps_parse_errors = True
    line.fail_parse("JSONParserErr", "why")
    assert keep.apply(Keep((LabelChoice("host"), LabelChoice("user", "=", "raz"), LabelChoice("level", "=~", "i.*"))))(
        line
    )
    assert line.labels() == {
        "host": "a",
        "level": "info",
        "__error__": "JSONParserErr",
        "__error_details__": "why",
        "__preserve_error__": "true",
    }
