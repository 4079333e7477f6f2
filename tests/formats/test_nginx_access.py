"""nginx_access with its options, case by case (nginx_access.yml); without options: samples/nginx_access.log."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from whodid.formats import FormatError, FormatSettings, Parsed, make_format
from whodid.formats.format import Format
from whodid.formats.redact import Redactor
from whodid.model.clock import parse_rfc3339

CASES = yaml.safe_load((Path(__file__).parent / "nginx_access.yml").read_text(encoding="utf-8"))
OPTIONS = ("log_format", "escape", "trusted_proxies")


def log(**options: str) -> Format:
    return make_format("nginx_access", FormatSettings(options=options, redact=Redactor(b"k" * 32)))


def attributes(parsed: Parsed) -> dict[str, str]:
    """Without the reason for distrust, which is for people."""
    return {name: value for name, value in parsed.attributes.items() if name != "trust_why"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    access = log(**{name: case[name] for name in OPTIONS if name in case})
    for one in case["lines"]:
        parsed = access.parse(one["line"])
        assert parsed.understood is not one.get("unparsed", False)
        assert attributes(parsed) == one.get("attributes", {})
        if "instant" in one:
            assert parsed.ns == parse_rfc3339(one["instant"].isoformat())
        for secret in one.get("hides", []):
            assert secret not in parsed.line and "<redacted" in parsed.line
        shown = re.sub(r"<redacted:(\w+):[0-9a-f]{10}>", r"<\1>", parsed.line)
        assert [mark for mark in one.get("marks", []) if mark not in shown] == []
        assert "<redacted" not in shown, "a mark without a hash"
        assert parsed.line == one["line"] or one.get("hides")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"log_format": "no variable"}, "has 0 variables"),
        ({"log_format": "log_format main;"}, "without a text"),
        ({"escape": "xml"}, "'xml' is none of nginx's"),
        ({"trusted_proxies": "10.0.0.0/8 everybody"}, "'everybody' is no address"),
    ],
)
def test_what_cannot_be_meant(options: dict[str, str], told: str) -> None:
    with pytest.raises(FormatError, match=told):
        log(**options)


def test_a_very_long_header_is_read_in_time() -> None:
    access = log(log_format="main", trusted_proxies="10.0.0.0/8")
    head = '10.1.0.2 - - [23/Nov/2026:06:32:35 +0000] "GET / HTTP/1.1" 200 34 "-" "-" '
    assert access.parse(f'{head}"{"10.1.0.3, " * 5000}198.51.100.7, 10.9.9.9"').attributes["client"] == "198.51.100.7"
    assert access.parse(f'{head}"{"x" * 10_000}"').attributes["client"] == "10.1.0.2"


def test_a_line_made_to_be_read_in_many_ways_is_read_in_time() -> None:
    piped = log(log_format="$remote_addr|$http_a|$http_b|$http_c|$http_d|$status|$http_e|$request_time")
    parsed = piped.parse(f"10.1.0.14|{'|5|' * 3000}|0.001")
    assert parsed.attributes["client"] == "10.1.0.14"
    assert parsed.attributes["trust"] == "suspect"
    assert "status" not in parsed.attributes
