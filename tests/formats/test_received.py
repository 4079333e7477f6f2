"""What becomes of an envelope: whose word counts, which lines belong together, what never leaves."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from whodid.formats import FormatError, FormatSettings, make_format

PREFIX = "%m [%p] "
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)


def wrap(line: str, **more: Any) -> str:
    return orjson.dumps({"line": line, **more}).decode()


def received(inner: str = "plain", **options: str) -> Any:
    return make_format("received", FormatSettings(line_prefix=PREFIX, options={"inner": inner, **options}))


def test_the_inner_reading_wins_but_not_over_what_the_transport_knows_for_sure() -> None:
    log = received("nginx_access")
    line = '192.0.2.7 - ana [23/Nov/2026:06:32:35 +0000] "GET / HTTP/1.1" 200 34 "-" "curl"'
    parsed = log.parse(wrap(line, attributes={"user": "root", "stream": "stdout", "pid": "9", "sender": "192.0.2.1"}))
    assert parsed.attributes["user"] == "ana"
    assert {"stream": "stdout", "pid": "9", "sender": "192.0.2.1"}.items() <= parsed.attributes.items()
    assert parsed.attributes["client"] == "192.0.2.7"


def test_an_instant_of_the_transport_fills_in() -> None:
    assert received().parse(wrap("hello", ns=5)).ns == 5
    assert received().parse(wrap("2026-11-23 06:32:35 UTC hello", ns=5)).ns == 1795415555 * 10**9


def test_labels_are_the_records_own_and_discovered_ones_only_if_asked() -> None:
    text = wrap("x", labels={"unit": "cron.service"}, discovered={"__journal_uid": "0"})
    assert received().parse(text).labels == {"unit": "cron.service"}
    assert received(discovered="keep").parse(text).labels == {"unit": "cron.service", "__journal_uid": "0"}
    assert received().parse(wrap("x")).labels is None


def test_what_the_transport_knows_can_be_left_out() -> None:
    text = wrap("x", labels={"unit": "u"}, attributes={"pid": "7"}, discovered={"__journal_uid": "0"})
    assert received("raw", labels="leave_out").parse(text)[1:2] == ({},)
    assert received("raw", labels="leave_out").parse(text).labels is None
    assert received("raw", labels="leave_out", discovered="keep").parse(text).labels == {"__journal_uid": "0"}
    assert received("plain", labels="leave_out").parse(text).attributes == {"pid": "7"}
    entry = '{"MESSAGE": "m", "_SYSTEMD_UNIT": "a.service"}'
    assert received("journal").parse(wrap(entry)).labels == {"unit": "a.service"}
    assert received("journal", labels="leave_out").parse(wrap(entry)).labels is None


def test_labels_that_a_sender_cannot_set() -> None:
    text = wrap("x", labels={"job": "mine", "env": "test"}, attributes={"trace": "1"})
    assert received("raw", fixed="job,via").parse(text).labels == {"env": "test"}
    assert received("raw", fixed="job,via").parse(text).attributes == {"trace": "1"}


def test_the_whole_record_of_the_journal_can_be_the_line() -> None:
    entry = '{"MESSAGE": "password=hunter2", "_PID": "7"}'
    parsed = received("journal", line="record").parse(wrap(entry))
    assert parsed.line.startswith('{"MESSAGE": "password=<redacted')
    assert parsed.attributes["pid"] == "7"


def test_secrets_are_masked_wherever_they_stand() -> None:
    text = wrap("password=hunter2", labels={"a": "password=hunter2"}, attributes={"command": "psql password=hunter2"})
    assert "hunter2" not in repr(received(discovered="keep").parse(text))


def test_lines_are_joined_only_when_they_came_the_same_way() -> None:
    first, second = "2026-11-23 06:32:36 UTC [7] ERROR:  no", "2026-11-23 06:32:36 UTC [7] DETAIL:  because"
    mine, other = {"stream": "stderr"}, {"stream": "stdout"}
    log = received("postgres")
    assert len(join_records(log, [wrap(first, attributes=mine), wrap(second, attributes=mine)])) == 1
    assert len(join_records(log, [wrap(first, attributes=mine), wrap(second, attributes=other)])) == 2
    assert len(join_records(log, [wrap(first, labels={"unit": "a"}), wrap(second, labels={"unit": "b"})])) == 2


def test_a_record_with_line_breaks_is_one() -> None:
    parsed = received().parse(wrap("first\nsecond"))
    assert parsed.line == "first\nsecond"
    assert parsed.understood


@given(st.lists(st.sampled_from(["2026-11-23 06:32:36 UTC one", "  two", "three", "2026-11-23 06:32:37 UTC é\n x"])))
def test_joining_is_that_of_the_inner_format(lines: list[str]) -> None:
    inner = make_format("plain", FormatSettings(options={"multiline": "stamp"}))
    log = received("plain", multiline="stamp")
    records = join_records(log, [wrap(line) for line in lines])
    assert [log.parse(record).line for record in records] == join_records(inner, lines)
    fresh = received("plain", multiline="stamp")
    assert [fresh.parse(record).line for record in records] == join_records(inner, lines)


@given(TEXT, TEXTS, TEXTS, st.integers(0, 1 << 62), st.integers(min_value=0))
def test_a_torn_line_is_kept_as_it_is(line: str, labels: Any, attributes: Any, ns: int, cut: int) -> None:
    text = wrap(line, labels=labels, attributes=attributes, ns=ns)
    torn = text[: cut % len(text)]
    parsed = received().parse(torn)
    assert not parsed.understood
    assert parsed.line == torn
    assert not received().continues(text, torn)


@pytest.mark.parametrize("inner", ["", "nonsense"])
def test_an_unknown_inner_format_is_an_error(inner: str) -> None:
    with pytest.raises(FormatError, match="unknown format"):
        received(inner)
