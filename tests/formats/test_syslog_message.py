"""One syslog message: the RFCs' own shapes, what is really sent, and a round trip of anything RFC 5424 can say."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.syslog_message import FACILITIES, SEVERITIES, SyslogMessage, parse_message
from whodid.model.clock import parse_rfc3339

NOW_NS = parse_rfc3339("2026-11-23T12:00:00Z")
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "syslog_message.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    said = parse_message(case["text"], UTC, NOW_NS)
    expected = dict(case["says"])
    at = expected.pop("at", "")
    assert said == SyslogMessage(**{"message": "", "ns": parse_rfc3339(at) if at else None, **expected})


def test_the_zone_and_the_year_are_parameters() -> None:
    text = "<13>Jan  2 03:04:05 h a: x"
    west = timezone(timedelta(hours=-5))
    assert parse_message(text, west, parse_rfc3339("2026-01-01T23:00:00Z")).ns == parse_rfc3339("2026-01-02T08:04:05Z")
    assert parse_message(text, UTC, parse_rfc3339("2027-06-01T00:00:00Z")).ns == parse_rfc3339("2027-01-02T03:04:05Z")
    assert parse_message(text).ns is None
    leap = "<13>Feb 29 03:04:05 h a: x"
    assert parse_message(leap, UTC, parse_rfc3339("2024-03-01T00:00:00Z")).ns == parse_rfc3339("2024-02-29T03:04:05Z")
    assert parse_message(leap, UTC, parse_rfc3339("2026-03-01T00:00:00Z")).ns is None


NAME = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=48).filter(lambda s: s != "-")
SD_NAME = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='=]"'), min_size=1, max_size=32)
VALUE = st.text(st.characters(codec="utf-8"), max_size=30)
INSTANT = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))


def escape(value: str) -> str:
    return re.sub(r'([\]"\\])', r"\\\1", value)


@given(
    st.integers(0, 191), st.none() | INSTANT, st.lists(st.just("-") | NAME, min_size=4, max_size=4),
    st.dictionaries(SD_NAME, st.dictionaries(SD_NAME, VALUE, max_size=3), max_size=3),
    st.text(st.characters(codec="utf-8")).filter(lambda s: s == s.rstrip("\r\n\x00") and not s.startswith("\ufeff")),
    st.booleans(),
)  # fmt: skip
def test_whatever_rfc_5424_can_say_is_read_back(
    pri: int, at: datetime | None, names: list[str], sd: dict[str, dict[str, str]], message: str, bom: bool
) -> None:
    stamp = at.isoformat(timespec="microseconds") + "Z" if at else "-"
    elements = "".join(
        "[" + name + "".join(f' {key}="{escape(value)}"' for key, value in values.items()) + "]"
        for name, values in sd.items()
    )
    text = f"<{pri}>1 {stamp} {' '.join(names)} {elements or '-'} {chr(0xFEFF) if bom else ''}{message}"
    host, app, pid, msgid = ("" if name == "-" else name for name in names)
    assert parse_message(text) == SyslogMessage(
        message, FACILITIES[pri // 8], SEVERITIES[pri % 8], parse_rfc3339(stamp) if at else None, host, app, pid, msgid,
        sd, "rfc5424",
    )  # fmt: skip


PIECES = st.sampled_from(
    ["<13>", "<191>", "<192>", "1 ", "- ", "-", "2026-11-23T04:32:32.5Z ", "Nov 23 04:32:32 ", "2026 ", "host ", "app",
     "[12]", ": ", "[a@1 b=\"c\"]", "[", "]", '"', "\\", "\n", "\x00", " ", "*", "%SYS-5-CONFIG_I: ",
     "[ID 1 auth.info] ", "last message repeated 3 times", "é", "\ufeff", "Feb 31 25:61:61 ", "９"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map("".join)))
def test_nothing_raises_and_the_message_is_the_end_of_the_text(text: str) -> None:
    said = parse_message(text, UTC, NOW_NS)
    assert text.rstrip("\r\n\x00").endswith(said.message)


@pytest.mark.parametrize("piece", ["[", "[a ", '[a b="', "\\", "a: ", "<13>", "[a]", "-", "1 ", "%A-", "a" * 10 + " "])
@pytest.mark.parametrize("head", ["", "<13>1 - - - - - ", "<13>Nov 23 04:32:32 ", '<13>1 - - - - - [a b="'])
def test_a_long_odd_text_costs_no_more_than_its_length(head: str, piece: str) -> None:
    begin = datetime.now()
    parse_message(head + piece * (200_000 // len(piece)), UTC, NOW_NS)
    assert datetime.now() - begin < timedelta(seconds=2)
