"""The label text of a pushed stream, as Loki's clients write it and as a hostile one might."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.labels import LABEL_NAME, format_labels
from whodid.wire.label_text import BadLabels, parse_label_text, unquote

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {}),
        ("  { }  ", {}),
        ('{job="database"}', {"job": "database"}),
        ('{ job = "database" , host = "prod" }', {"job": "database", "host": "prod"}),
        ('{job="database",}', {"job": "database"}),
        ('{a="with \\"quotes\\" and \\\\"}', {"a": 'with "quotes" and \\'}),
        ('{a="b}", c="{d=\\"e\\"}"}', {"a": "b}", "c": '{d="e"}'}),
        ("{a=`raw \\n text`}", {"a": "raw \\n text"}),
        ('{empty="", kept="x"}', {"kept": "x"}),
        ('{a="\\x41\\u00fc\\U0001F600\\101\\n"}', {"a": "Aü😀A\n"}),
        ('{a="\\xff"}', {"a": "�"}),
    ],
)
def test_label_texts_are_read(text: str, expected: dict[str, str]) -> None:
    assert parse_label_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job",
        "{",
        '{job="a"',
        'job="a"}',
        "{job=a}",
        '{a-b="c"}',
        '{9a="c"}',
        '{="c"}',
        '{a="b" c="d"}',
        '{a="b"}}',
        '{{a="b"}',
        '{a!="b"}',
        '{a=~"b"}',
        '{a="b", a="c"}',
        '{a="\\q"}',
        '{a="\\U00110000"}',
        '{a="unclosed}',
        '{,a="b"}',
        '{ä="b"}',
    ],
)
def test_what_is_no_label_set_is_refused_in_lokis_words(text: str) -> None:
    with pytest.raises(BadLabels, match="couldn't parse labels"):
        parse_label_text(text)


@given(st.dictionaries(st.text("aZ_9", min_size=1, max_size=4).filter(LABEL_NAME.fullmatch), TEXT.filter(bool)))
def test_the_canonical_text_reads_back(labels: dict[str, str]) -> None:
    assert parse_label_text(format_labels(labels)) == labels


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, "{" + text + "}", '{a="' + text + '"}'):
        try:
            labels = parse_label_text(candidate)
        except BadLabels:
            continue
        assert all(LABEL_NAME.fullmatch(name) and value for name, value in labels.items())


@pytest.mark.parametrize(
    "text",
    [
        "{" + 'a="b",' * 40_000 + "}",
        "{" + ",".join(f'a{i}="b"' for i in range(20_000)) + "}",
        '{a="' + "\\" * 100_001 + '"}',
        "{" + " " * 200_000 + "!}",
        '{a="' + "x" * 50_000_000 + '"}',
    ],
    ids=["twins", "many", "backslashes", "spaces", "huge"],
)
def test_a_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    started = time.process_time()
    try:
        parse_label_text(text)
    except BadLabels as e:
        assert len(str(e)) < 2000
    assert time.process_time() - started < 2


def test_escapes_that_go_does_not_know_are_errors() -> None:
    assert unquote("plain") == "plain"
    with pytest.raises(ValueError, match="escape"):
        unquote(r"\z")
