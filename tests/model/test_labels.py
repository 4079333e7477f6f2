"""The canonical text of a label set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.labels import LABEL_NAME, format_labels, quote, sanitize_label_name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", '"plain"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("line\nbreak\r\t", r'"line\nbreak\r\t"'),
        ("\0\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("Zürich ✓", '"Zürich ✓"'),
        ("", '""'),
    ],
)
def test_values_are_quoted(value: str, expected: str) -> None:
    assert quote(value) == expected


def test_labels_are_sorted_by_name() -> None:
    assert format_labels({"job": "database", "host": "prod", "Zone": "a"}) == '{Zone="a", host="prod", job="database"}'
    assert format_labels({}) == "{}"


@given(st.dictionaries(st.text("aZ_9", min_size=1, max_size=4).filter(LABEL_NAME.fullmatch), st.text()))
def test_the_text_does_not_depend_on_the_order_of_insertion(labels: dict[str, str]) -> None:
    assert format_labels(labels) == format_labels(dict(reversed(labels.items())))


@given(st.text(), st.text())
def test_different_values_have_different_text(one: str, other: str) -> None:
    assert (quote(one) == quote(other)) == (one == other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.kubernetes.io/name", "app_kubernetes_io_name"),
        ("2xx", "_2xx"),
        (" a b ", "a_b"),
        ("größe", "gr__e"),
        ("", ""),
    ],
)
def test_names_are_made_valid(name: str, expected: str) -> None:
    assert sanitize_label_name(name) == expected


@given(st.text(min_size=1).filter(str.strip))
def test_a_sanitized_name_is_a_label_name(name: str) -> None:
    assert LABEL_NAME.fullmatch(sanitize_label_name(name))
