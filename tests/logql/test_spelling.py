"""print_stages.py and printer.py in another spelling than the canonical one: only the habits change."""

from dataclasses import replace

from whodid.logql import parse
from whodid.logql.printer import print_expr
from whodid.logql.spelling import EXACT, print_matcher
from whodid.model.matcher import Matcher


def test_a_matcher() -> None:
    assert print_matcher(Matcher("a", "=~", r"\d")) == r'a=~"\\d"'


def test_habits_are_all_that_changes() -> None:
    tree = parse('sum by (a, b) (rate({c="d"} | x > 1 and y = 2 and z < 3m | drop e, f [5m])) * 2 + 1')
    text = 'sum by (a, b) (rate({c="d"} | x > 1 and y = 2 and z < 3m | drop e, f [5m])) * 2 + 1'
    assert print_expr(tree) == text
    bare = replace(EXACT, comma="/", gap="", conjunction="&", always=True, comparison=lambda op: op)
    text = '((sum by (a/b)(rate({c="d"} | ((x>1 & y=2) & z<3m) | drop e/f[5m])) * 2) + 1)'
    assert print_expr(tree, bare) == text
