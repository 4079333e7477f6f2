"""Labels on their way: categories and names in conflict."""

from whodid.model.result import Row
from whodid.query.line import Line


def test_the_base_name_goes_to_the_stream_then_metadata_then_parsed() -> None:
    line = Line(7, "text", {"host": "s"}, {"host": "m", "user": "m"}, 9)
    line.extract("user", "p")
    line.extract("level", "p")
    assert line.row() == Row(
        7, "text", {"host": "s"}, {"host_extracted": "m", "user": "m"}, {"user_extracted": "p", "level": "p"}, 9
    )


def test_of_the_losers_the_parsed_one_has_the_extracted_name() -> None:
    line = Line(0, "", {"host": "s"}, {"host": "m"})
    line.extract("host", "p")
    assert (line.stream, line.metadata, line.parsed) == ({"host": "s"}, {}, {"host_extracted": "p"})


def test_the_first_find_counts() -> None:
    line = Line(0, "", {}, {})
    line.extract("a", "1")
    line.extract("a", "2")
    assert line.parsed == {"a": "1"}


def test_the_index_is_never_changed() -> None:
    stream = {"host": "s", "job": "j"}
    line = Line(0, "", stream, {})
    line.remove("host")
    line.rename("job", "what")
    line.assign("job", "new")
    assert (line.labels(), stream) == ({"what": "j", "job": "new"}, {"host": "s", "job": "j"})


def test_errors_are_labels() -> None:
    line = Line(0, "", {}, {})
    line.fail("LabelFilterErr", "why")
    assert (line.shown("__error__"), line.shown("__error_details__")) == ("LabelFilterErr", "why")
    assert (line.get("__error__"), line.get("__error_details__")) == (None, None)
    line.remove("__error__")
    assert line.labels() == {"__error_details__": "why"}


def test_only_what_is_wanted_is_found_until_all_is() -> None:
    line = Line(0, "", {"host": "s"}, {})
    assert not line.sated
    line.wanted = frozenset({"a", "host_extracted"})
    for name in ("a", "b", "a"):
        line.extract(name, "1")
    assert (line.parsed, line.sated) == ({"a": "1"}, False)
    line.extract("host", "2")
    assert (line.parsed, line.sated) == ({"a": "1", "host_extracted": "2"}, True)
    line.wanted = frozenset()
    assert line.sated


def test_a_renamed_label_is_a_parsed_one_and_replaces_what_had_the_name() -> None:
    line = Line(0, "", {"s": "1", "t": "0"}, {"m": "2"})
    line.extract("p", "3")
    line.rename("s", "m")
    assert (line.stream, line.metadata, line.parsed) == ({"t": "0"}, {}, {"p": "3", "m": "1"})
    line.rename("m", "t")
    assert (line.stream, line.parsed) == ({}, {"p": "3", "t": "1"})
    line.rename("t", "p")
    line.rename("p", "x")
    line.rename("absent", "x")
    assert line.parsed == {"x": "1"}
    line.rename("x", "x")
    assert line.parsed == {}


def test_an_error_is_no_label_that_could_be_renamed() -> None:
    line = Line(0, "", {}, {})
    line.fail("JSONParserErr", "")
    line.rename("__error__", "why")
    assert (line.error, line.parsed) == ("JSONParserErr", {})


def test_what_was_written_is_not_found_again() -> None:
    line = Line(0, "", {}, {})
    line.assign("level", "x")
    line.extract("level", "y")
    assert line.parsed == {"level": "x"}


def test_a_parsers_mark_may_stay_where_it_is_asked_for() -> None:
    line = Line(0, "", {}, {})
    line.fail_parse("JSONParserErr", "why")
    line.fail_parse("LogfmtParserErr")
    assert (line.labels(), line.is_faulty) == ({"__error__": "LogfmtParserErr", "__error_details__": "why"}, True)
    line.keeps_parse_errors = True
    line.fail_parse("JSONParserErr", "why")
    assert (line.parsed, line.is_faulty) == ({"__preserve_error__": "true"}, False)
    line.fail("LabelFilterErr", "a later one")
    assert not line.is_faulty
    line.remove("__preserve_error__")
    assert line.is_faulty
