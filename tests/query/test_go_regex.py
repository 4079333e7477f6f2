"""Go's trees of regular expressions."""

import time

import pytest

from whodid.query.go_regex import EMPTY, Alternate, Any, Capture, Concat, Literal, Node, tree


def shown(node: Node | None) -> str:
    """As Go prints a tree, more or less: `w(?:arn|ait)`."""
    match node:
        case Literal(text, folded):
            return f"{text}/i" if folded else text
        case Any(some):
            return ".+" if some else ".*"
        case Capture(inner):
            return f"({shown(inner)})"
        case Concat(parts):
            return " ".join(map(shown, parts))
        case Alternate(parts):
            return f"[{'|'.join(map(shown, parts))}]"
        case None:
            return "?"
        case _:
            return "-"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("one", "one"),
        ("one|two", "[one|two]"),
        ("warn|warning|error", "[warn [-|ing]|error]"),
        ("prod|preprod", "pr [od|eprod]"),
        ("a|ab|abc", "a [-|b [-|c]]"),
        ("raz.*|read.*", "r [az .*|ead .*]"),
        ("x(one|two).+y", "x ([one|two]) .+ y"),
        ("(?:ab)c(?:d|ef)", "abc [d|ef]"),
        ("(?:one|two)|three", "[one|t [wo|hree]]"),
        ("(?i)oNe|tWO", "[ONE/i|TWO/i]"),
        ("a(?i:b)c(?-i)d", "a B/i cd"),
        ("(?P<name>x)|", "[(x)|-]"),
        ("|||x", "[-|x]"),
        (r"10\.0[.]\x41\x{42}\t\Q.*\E", "10.0.AB\t.*"),
        ("", "-"),
        # Not made of text: classes, repetitions, anchors, one letter or another.
        *(
            (pattern, "?")
            for pattern in ["a|b", "400|404", "[ab]c", "ab?", "a{2}", "^a", r"\d", "a.b", "(?s)a.*", "(a"]
        ),
    ],
)
def test_tree(pattern: str, expected: str) -> None:
    assert shown(tree(pattern)) == expected


def test_hostile_expressions_take_no_time() -> None:
    began = time.monotonic()
    for pattern in ["(" * 5000, "(?:" * 40 + "a" + ")" * 40, "|".join("a" * n for n in range(1, 400)), "|" * 50_000]:
        tree(pattern)
    assert time.monotonic() - began < 5
    assert tree("|" * 50_000) == Alternate((EMPTY,)) or tree("|" * 50_000) == EMPTY
