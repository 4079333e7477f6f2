"""paths: where in a JSON document a value lies."""

import pytest

from whodid.logql.paths import parse_json_path


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b_1", ("a", "b_1")),
        ("a[0][12].b", ("a", 0, 12, "b")),
        ('["odd key"].b', ("odd key", "b")),
        (r'a["q\"uote\\"]', ("a", 'q"uote\\')),
        ("[1]", (1,)),
        (" é ", ("é",)),
    ],
)
def test_paths(path: str, steps: tuple[str | int, ...]) -> None:
    assert parse_json_path(path) == steps


@pytest.mark.parametrize(
    "path", ["", " ", ".a", "a.", "a..b", "a b", "a-b", "a[", "a[x]", "a[-1]", 'a["b]', "[9999999999]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|empty|range"):
        parse_json_path(path)
