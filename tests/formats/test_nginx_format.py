"""log_format there and back: what a small model of nginx writes is read again, whatever clients send."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats import FormatError
from whodid.formats.nginx_format import COMBINED, LogFormat, unescape

FREE = ("remote_user", "request", "http_referer", "http_user_agent", "http_x_any", "request_uri")
SHAPED = {
    "remote_addr": st.ip_addresses().map(str),
    "status": st.integers(100, 599).map(str),
    "body_bytes_sent": st.integers(0, 10**12).map(str),
    "request_time": st.integers(0, 10**7).map(lambda ms: f"{ms // 1000}.{ms % 1000:03}"),
    "upstream_response_time": st.lists(st.sampled_from(["0.003", "-", "12.000"]), min_size=1, max_size=3).map(
        ", ".join
    ),
    "time_local": st.just("23/Nov/2026:06:32:35 +0000"),
    "time_iso8601": st.just("2026-11-23T06:32:35+02:00"),
    "msec": st.just("1795415555.250"),
    "request_id": st.uuids().map(lambda value: value.hex),
}
SENT = st.one_of(
    st.text(max_size=12),
    st.lists(
        st.sampled_from(
            ['"', "\\", "\\x22", " ", "|", "] [", '" 200 "', "10.0.0.1", "\n", "\x16", "é", ", ", "-", "$"]
        ),
        max_size=6,
    ).map("".join),
)


def written(value: str, escape: str) -> str:
    """How nginx writes a value that a client sent."""
    if escape == "json":
        return json.dumps(value, ensure_ascii=False)[1:-1]
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{o:02X}" if o < 0x20 or o >= 0x7F or o in b'"\\' else chr(o) for o in octets)


@st.composite
def lines(draw: st.DrawFn, escape: str) -> tuple[str, str, dict[str, str]]:
    """A format, a line in it, and the values that were sent. No free text stands bare beside another."""
    names = draw(st.lists(st.sampled_from(sorted([*FREE, *SHAPED])), min_size=1, max_size=8, unique=True))
    text, line, values = "", "", {}
    for name in names:
        separators = [" ", " - ", " [", "|", " x=", *([] if text.rstrip("}").endswith("response_time") else [", "])]
        literal = draw(st.sampled_from(separators)) if text else ""
        quote = '"' if name in FREE else draw(st.sampled_from(["", '"']))
        value = draw(SHAPED.get(name, SENT))
        spelling = f"${name}" if quote or draw(st.booleans()) else f"${{{name}}}"
        text += f"{literal}{quote}{spelling}{quote}"
        line += f"{literal}{quote}{value if name in SHAPED else written(value, escape)}{quote}"
        values[name] = value
    return text, line, values


def check(text: str, line: str, values: dict[str, str], escape: str) -> None:
    compiled = LogFormat(text, escape)
    reading = compiled.read(line)
    assert reading is not None and reading.certain
    got = {name: unescape(line[begin:end], escape) for name, (begin, end) in reading.spans.items()}
    if escape == "default":
        assert {name: octets(value) for name, value in got.items()} == {n: v.encode() for n, v in values.items()}
    else:
        assert got == values
    assert compiled.strict is not None and compiled.strict.fullmatch(line), "an ordinary line, read at a glance"


def octets(told: str) -> bytes:
    """What was sent, of a value as it is told: what cannot be printed, and the backslash, is still escaped."""
    parts = re.split(r"\\x([0-9A-F]{2})", told)
    return b"".join(bytes.fromhex(part) if at % 2 else part.encode() for at, part in enumerate(parts))


@given(lines("default"))
def test_there_and_back_default(drawn: tuple[str, str, dict[str, str]]) -> None:
    check(*drawn, "default")


@given(lines("json"))
def test_there_and_back_json(drawn: tuple[str, str, dict[str, str]]) -> None:
    check(*drawn, "json")


@given(SENT, SENT, st.ip_addresses().map(str))
def test_without_quotation_marks_nothing_untrue_is_told(a: str, b: str, address: str) -> None:
    """A value is told only where every reading has it; so what is told is what was sent."""
    sent = {"remote_addr": address, "http_a": written(a, "default"), "status": "200", "http_b": written(b, "default")}
    line = "|".join(sent.values())
    reading = LogFormat("$remote_addr|$http_a|$status|$http_b").read(line)
    assert reading is not None
    for name, (begin, end) in reading.spans.items():
        assert line[begin:end] == sent[name]
    assert not reading.certain or reading.spans.keys() == sent.keys()


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["default", "json", "none"]))
def test_no_line_is_too_odd(text: str, line: str, escape: str) -> None:
    for log_format in (COMBINED, f"$remote_addr {text.replace('$', '')}$http_x"):
        LogFormat(log_format, escape).read(line)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("a\\x22b", 'a"b'),
        ("\\xD7\\xA9", "ש"),
        ("\\x5Cx22", "\\x5Cx22"),
        ("\\xFF\\x00", "\\xFF\\x00"),
        ("\\xD7", "\\xD7"),
        ("\\xE2\\x80\\xAE", "\\xE2\\x80\\xAE"),  # turns the direction of writing: not printable
        ("\\n\\x2", "\\n\\x2"),
    ],
)
def test_what_is_told_of_escapes(raw: str, told: str) -> None:
    assert unescape(raw, "default") == told


@pytest.mark.parametrize("text", ["", "plain", "$", "$ x"])
def test_no_variable(text: str) -> None:
    with pytest.raises(FormatError, match="0 variables"):
        LogFormat(text)
