"""`| drop`."""

from whodid.logql.ast import Drop, LabelChoice
from whodid.query.line import Line
from whodid.query.stages import Scope, drop


def test_labels_of_all_categories_go_and_conditions_are_kept_to() -> None:
    line = Line(0, "", {"job": "db", "host": "a"}, {"user": "ana"})
    line.extract("level", "info")
    line.fail("JSONParserErr", "why")
    choices = [
        LabelChoice("job"),
        LabelChoice("user", "=~", "a.*"),
        LabelChoice("level", "=", "x"),
        LabelChoice("__error__"),
    ]
    assert drop.apply(Drop(tuple(choices)))(line)
    assert line.labels() == {"host": "a", "level": "info", "__error_details__": "why"}


def test_dropping_errors_that_cannot_be_is_nothing() -> None:
    nothing = drop.sql(Drop((LabelChoice("__error__"), LabelChoice("__error_details__"))), Scope({}))
    assert nothing is not None and nothing.exact and nothing.condition == "true"
    assert drop.sql(Drop((LabelChoice("__error__"),)), Scope({}, may_fail=True)) is None
    assert drop.sql(Drop((LabelChoice("user"),)), Scope({})) is None
