"""print_stages: each stage's canonical text."""

import pytest

from whodid.logql import ast
from whodid.logql.print_stages import print_predicate, print_stage
from whodid.model.matcher import Matcher

A, B, C = (ast.StringPredicate(Matcher(name, "=", "1")) for name in "abc")


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (ast.LineFilter("!=", (ast.LineOperand('"'), ast.LineOperand("::1", ip=True))), r'!= "\"" or ip("::1")'),
        (ast.JsonParser(), "| json"),
        (ast.JsonParser((ast.Extraction("a", "b.c"), ast.Extraction("d", "d"))), '| json a="b.c", d'),
        (ast.LogfmtParser(True, True, (ast.Extraction("a", "b"),)), '| logfmt --strict --keep-empty a="b"'),
        (ast.RegexpParser(r"(?P<a>\d)"), r'| regexp "(?P<a>\\d)"'),
        (ast.PatternParser("<a>"), '| pattern "<a>"'),
        (ast.Unpack(), "| unpack"),
        (ast.Decolorize(), "| decolorize"),
        (ast.LineFormat("{{.a}}\n"), r'| line_format "{{.a}}\n"'),
        (
            ast.LabelFormat((ast.LabelAssignment("a", "b", False), ast.LabelAssignment("c", "d", True))),
            '| label_format a=b, c="d"',
        ),
        (ast.Drop((ast.LabelChoice("a"), ast.LabelChoice("b", "!~", "c"))), '| drop a, b!~"c"'),
        (ast.Keep((ast.LabelChoice("a"),)), "| keep a"),
        (ast.LabelFilter(A), '| a="1"'),
    ],
)
def test_stages(stage: ast.Stage, text: str) -> None:
    assert print_stage(stage) == text


@pytest.mark.parametrize(
    ("predicate", "text"),
    [
        (ast.OrPredicate(ast.AndPredicate(A, B), C), 'a="1" and b="1" or c="1"'),
        (ast.AndPredicate(ast.OrPredicate(A, B), C), '(a="1" or b="1") and c="1"'),
        (ast.AndPredicate(A, ast.AndPredicate(B, C)), 'a="1" and (b="1" and c="1")'),
        (ast.OrPredicate(A, ast.OrPredicate(B, C)), 'a="1" or (b="1" or c="1")'),
        (ast.NumberPredicate("a", "=", 5.0), "a = 5"),
        (ast.DurationPredicate("a", ">", -1_500_000_000), "a > -1s500ms"),
        (ast.BytesPredicate("a", "<=", 1500), "a <= 1500B"),
        (ast.IpPredicate("a", "!=", "::1"), 'a!=ip("::1")'),
    ],
)
def test_predicates(predicate: ast.Predicate, text: str) -> None:
    assert print_predicate(predicate) == text
