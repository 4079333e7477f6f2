"""`| logfmt`: pairs, quotes, faults, flags. Cases of go-logfmt's grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.logql.ast import Extraction, LogfmtParser
from whodid.query.line import Line
from whodid.query.stages import logfmt


def parsed(text: str, stage: LogfmtParser | None = None) -> tuple[dict[str, str], str]:
    line = Line(0, text, {"job": "stored"}, {})
    assert logfmt.apply(stage or LogfmtParser())(line)
    return line.parsed, line.error_details


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a=1 b=2", {"a": "1", "b": "2"}),
        ('a="x y" b="say \\"hi\\"" c="\\u05e9\\n"', {"a": "x y", "b": 'say "hi"', "c": "ש\n"}),
        ("a=1 a=2 job=j", {"a": "1", "job_extracted": "j"}),
        ("flag a= b=1", {"b": "1"}),
        ("a=b=c d=1", {"d": "1"}),
        ('a"b=1 c=2', {"c": "2"}),
        ('a="open b=1', {}),
        ('a="x"b=1', {"a": "x", "b": "1"}),
        ('a="bad \\q" b=1', {"b": "1"}),
        ("1x=y weird.key=z é=ü", {"_1x": "y", "weird_key": "z", "_": "ü"}),
        ("  =x  ", {}),
        ("", {}),
    ],
)
def test_pairs(text: str, labels: dict[str, str]) -> None:
    assert parsed(text) == (labels, "")


@pytest.mark.parametrize(
    ("text", "labels", "details"),
    [
        ('a=1 é="open', {"a": "1"}, "logfmt syntax error at pos 13 : unterminated quoted value"),
        ("a=1 b=c=d e=2", {"a": "1"}, "logfmt syntax error at pos 8 : unexpected '='"),
        ("=x", {}, "logfmt syntax error at pos 1 : unexpected '='"),
        ('a"', {}, "logfmt syntax error at pos 2 : unexpected '\"'"),
        ("a=1 flag", {"a": "1"}, ""),
    ],
)
def test_strict(text: str, labels: dict[str, str], details: str) -> None:
    assert parsed(text, LogfmtParser(strict=True)) == (labels, details)


def test_keep_empty_and_wanted_keys() -> None:
    assert parsed('flag a= b=""', LogfmtParser(keep_empty=True)) == ({"flag": "", "a": "", "b": ""}, "")
    wanted = (Extraction("x", "b"), Extraction("job", "c"), Extraction("gone", "gone"))
    assert parsed("a=1 b=2 c=3", LogfmtParser(extractions=wanted)) == ({"x": "2", "job_extracted": "3", "gone": ""}, "")


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_written_is_read_back(pairs: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = " ".join(f"{key}={quoted(value)}" for key, value in pairs.items())
    found, details = parsed(text, LogfmtParser(strict=True, keep_empty=True))
    assert (found, details) == ({k + ("_extracted" if k == "job" else ""): v for k, v in pairs.items()}, "")


@given(st.text(alphabet='ab= "\\é\n', max_size=30))
def test_any_text_is_survived(text: str) -> None:
    parsed(text)
    parsed(text, LogfmtParser(strict=True))
