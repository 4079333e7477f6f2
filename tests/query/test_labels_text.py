"""Names that parsers find."""

from whodid.query.labels_text import sanitized


def test_sanitized() -> None:
    assert [sanitized(key) for key in ("a.b", "1st", " x ", "é", "")] == ["a_b", "_1st", "x", "_", ""]
    assert sanitized("1st", part=True) == "1st"
