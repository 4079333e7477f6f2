"""Alternatives in globs."""

import pytest

from whodid.promtail.braces import alternatives


@pytest.mark.parametrize(
    ("glob", "globs"),
    [
        ("/var/log/*.log", ["/var/log/*.log"]),
        ("/{a,b}/{c,d}", ["/a/c", "/a/d", "/b/c", "/b/d"]),
        ("/{a,b{c,d}}x", ["/ax", "/bcx", "/bdx"]),
        ("/{a}", ["/a"]),
        ("/{a,a}", ["/a"]),
        ("/x{,.1}", ["/x", "/x.1"]),
        ("/{a,b", ["/{a,b"]),
        ("/a}", ["/a}"]),
    ],
)
def test_alternatives(glob: str, globs: list[str]) -> None:
    assert alternatives(glob) == globs


def test_they_are_bounded() -> None:
    assert len(alternatives("{a,b}" * 20)) <= 210
