"""Values between stages."""

import pytest

from whodid.promtail.go_values import as_float, as_text, is_utf8


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("x", "x", None),
        ("0.5ms", "0.5ms", 0.0005),
        ("1e3", "1e3", 1000),
        (2.0, "2", 2),
        (1e21, "1000000000000000000000", 1e21),
        (0.1, "0.1", 0.1),
        (True, "true", 1),
        (7, "7", 7),
        (None, None, None),
    ],
)
def test_texts_and_numbers(value: object, text: str | None, number: float | None) -> None:
    assert (as_text(value), as_float(value)) == (text, number)


def test_halves_of_characters_are_no_text() -> None:
    assert is_utf8("aü𝄞") and not is_utf8("a\ud800")
