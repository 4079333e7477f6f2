"""check_stages: addresses and the stages' own little languages. The messages are in grammar.cases."""

import pytest
from hypothesis import given

from kit.logql_trees import patient, stages
from whodid.logql import LogQLError, ast
from whodid.logql.check_stages import check_regex, check_stage, is_address


@patient()
@given(stages)
def test_sound_stages_pass(stage: ast.Stage) -> None:
    check_stage(stage)


@pytest.mark.parametrize(
    "pattern",
    [
        "10.0.0.7",
        "10.0.0.7/8",
        "0.0.0.0/0",
        "10.0.0.1-10.0.0.9",
        "10.0.0.1-10.0.0.1",
        "::1",
        "2001:db8::/32",
        "::1-::9",
    ],
)
def test_addresses(pattern: str) -> None:
    assert is_address(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "host",
        "10.0.0",
        "10.0.0.0/33",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-::1",
        "0.0.0.1-::9",
        "1.1.1.1-",
        "10.0.0.1-10.0.0.2-10.0.0.3",
    ],
)
def test_what_is_no_address(pattern: str) -> None:
    assert not is_address(pattern)


@pytest.mark.parametrize("pattern", ["(", "a{1001}", r"\1", "(?=x)"])
def test_what_re2_refuses(pattern: str) -> None:
    with pytest.raises(LogQLError, match="error parsing regexp"):
        check_regex(pattern)


@pytest.mark.parametrize(
    "stage",
    [
        ast.LineFilter("!~", (ast.LineOperand("a"), ast.LineOperand("("))),
        ast.LineFilter("!>", (ast.LineOperand("<x>"),)),
        ast.LineFilter("|>", (ast.LineOperand("10.0.0.1", ip=True),)),
        ast.JsonParser((ast.Extraction("a", "b["),)),
        ast.LogfmtParser(extractions=(ast.Extraction("a", "b=c"),)),
        ast.RegexpParser("x"),
        ast.PatternParser("x"),
        ast.LabelFormat((ast.LabelAssignment("a", "b", False), ast.LabelAssignment("a", "c", True))),
        ast.Keep((ast.LabelChoice("a", "=~", "("),)),
    ],
)
def test_unsound_stages(stage: ast.Stage) -> None:
    with pytest.raises(LogQLError):
        check_stage(stage)
