"""What holds for any text: no format raises, no text is lost, every attribute is a non-empty string."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit.log_samples import read_samples
from whodid.formats import FORMATS, FormatError, FormatSettings, make_format
from whodid.formats.redact import Redactor

PREFIX = "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
HEAD = "2026-11-23 04:32:32 UTC [12]: [3-1] user=a,db=b,app=c,client=10.0.0.1 "
PIECES = st.sampled_from(
    [HEAD, "LOG:  ", "FATAL:  ", "DETAIL:  ", "STATEMENT:  ", "statement: ", "duration: 1.5 ms", "  ",
     "execute <unnamed>: ",
     "TRUNCATE t", "connection received: host=1.2.3.4 port=5", "connection authorized: user=a database=b", "\n", "\t",
     ",client=", ",app=", "user=", "AUDIT: SESSION,1,1,", '"', "'", "PASSWORD '", "disconnection: ", "\x00", "é", ":  ",
     "Nov 23 04:32:32 h sshd[1]: ", "Failed password for ", "invalid user ", " from ", " port ", "1.2.3.4",
     "22", " ssh2",
     "sudo: a : ", "PWD=", " ; ", "USER=", "COMMAND=", '1.2.3.4 - - [23/Nov/2026:04:32:35 +0000] "', '" 200 1 "-" "-"',
     '{"error_severity":"LOG","message":"', '"}', "2026-02-31 25:00:00", "0000-00-00 00:00:00 UTC",
     "9999-12-31 23:59:59 -2399", "Accepted ", "publickey for ", "<38>1 - h sshd 5 - - ", "pam_unix(sshd:auth): ",
     "authentication failure; logname= uid=0 euid=0 tty= ruser=", " rhost=",
     "kernel: [UFW BLOCK] IN= OUT= SRC=",
     " DPT=", "CRON[1]: (a) CMD (", ")", "fail2ban.actions [1]: NOTICE [a] Ban ", "backup of x finished ",
     " 5 GB in 3 s",
     '{"MESSAGE":"', '","_UID":"5","SYSLOG_IDENTIFIER":"sshd', "type=USER_AUTH msg=audit(1.000:1): acct=",
     "message repeated 2 times: [ "]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=14).map("".join))


@given(st.sampled_from(sorted(FORMATS)), st.lists(TEXTS, min_size=1, max_size=5))
def test_no_text_is_too_odd(name: str, texts: list[str]) -> None:
    log = make_format(name, FormatSettings(line_prefix=PREFIX, year_hint_ns=1_795_000_000 * 10**9, timezone=UTC))
    record = ""
    for text in texts:
        for line in text.split("\n"):
            log.continues(line, record)
            record = line
        parsed = log.parse(text)
        assert all(isinstance(v, str) and v for k, v in parsed.attributes.items() if k not in ("message", "statement"))
        assert parsed.ns is None or isinstance(parsed.ns, int)
        if name != "journal" and "passw" not in text.lower() and "://" not in text:
            assert parsed.line is text


HERE = Path(__file__).parent
SAMPLES = {path.stem: read_samples(path) for path in sorted((HERE / "samples").glob("*.log"))}
RECORDS = st.sampled_from([
    (name, settings, sample.record)
    for name, (settings, samples) in SAMPLES.items() if name in FORMATS for sample in samples
])  # fmt: skip
PLANTED = (
    "password=Qq7zWx91kLmZ", "https://bob:Qq7zWx91kLmZ@h/", "Authorization: Bearer Qq7zWx91kLmZ",
    "?token=Qq7zWx91kLmZ&", "PASSWORD $$Qq7zWx91kLmZ$$", "Cookie: a=Qq7zWx91kLmZ; b=Qq7zWx91kLmZ",
    "Cookie: user=Qq7zWx91kLmZ; request_id=Qq7zWx91kLmZ",
    "AK" + "IAQQ7ZWX91KLMZABCD", "ghp" + "_Qq7zWx91kLmZQq7zWx91kLmZQq7zWx91kLmZ",
    "ey" + "JhbGciOiJQ.Qq7zWx91kLmZ.Qq7zWx91kLmZ",
)  # fmt: skip


@given(RECORDS, st.sampled_from(PLANTED), st.data())
@example(("nginx_access", FormatSettings(), '192.0.2.7 - - [23/Nov/2026:04:32:35 +0000] "GET /'), PLANTED[3], None)
@example(("backend", FormatSettings(), "2026-11-23 06:32:35,690 INFO [shop] POST /a 500"), PLANTED[6], None)
@settings(max_examples=400)
def test_no_format_lets_a_secret_through(
    drawn: tuple[str, FormatSettings, str], planted: str, data: st.DataObject | None
) -> None:
    """Wherever in a record it stands: neither in the line nor in an attribute nor in a label."""
    name, format_settings, record = drawn
    at = data.draw(st.integers(0, len(record))) if data else len(record)
    record = f"{record[:at]} {planted} {record[at:]}"
    parsed = make_format(name, replace(format_settings, redact=Redactor(b"k" * 32))).parse(record)
    texts = (parsed.line, *parsed.attributes.values(), *(parsed.labels or {}).values())
    assert [text for text in texts if "qq7zwx91klmz" in text.lower()] == []


@pytest.mark.parametrize("name", ["syslog", "fail2ban", "backup", "journal"])
@pytest.mark.parametrize("piece", [" from 1.2.3.4 port 1 ssh2: x", "(a) ", "1.2 GB ", "A=1 ", "[", '"', " user=<a>,"])
@pytest.mark.parametrize(
    "head",
    ["sshd[1]: Failed password for ", "kernel: IN= OUT= SRC=", "dovecot: imap-login: (auth failed, ", "backup: ", ""],
)
def test_a_long_odd_line_costs_no_more_than_its_length(name: str, head: str, piece: str) -> None:
    log = make_format(name, FormatSettings(year_hint_ns=1_795_000_000 * 10**9))
    stamp = "2026-11-23 04:32:32 " if name in ("fail2ban", "backup") else "Nov 23 04:32:32 h "
    begin = monotonic()
    for length in (8_000, 400_000):
        log.parse(stamp + head + piece * (length // len(piece)))
    assert monotonic() - begin < 2


@given(TEXTS, TEXTS)
def test_continues_is_pure(line: str, record: str) -> None:
    """The same answer from a fresh format, and from one that has seen other lines."""
    line = line.replace("\n", " ")
    used, fresh = (make_format("postgres", FormatSettings(line_prefix=PREFIX)) for _ in range(2))
    used.continues(record, line)
    used.parse(record)
    assert used.continues(line, record) == fresh.continues(line, record) == fresh.continues(line, record)


NAMES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\n"), min_size=1, max_size=15)


@given(NAMES, NAMES, NAMES, st.ip_addresses().map(str), st.sampled_from(["TRUNCATE t", "SELECT 'LOG:  x'", "SELECT 1"]))
def test_a_known_session_cannot_be_disguised(user: str, db: str, app: str, client: str, sql: str) -> None:
    """Whatever names a client gives itself, its lines are read with the address it came from and what it really ran."""
    log = make_format("postgres", FormatSettings(line_prefix=PREFIX))
    stamp = "2026-11-23 04:32:32.123 UTC [77]: "
    log.parse(
        f"{stamp}[1-1] user=[unknown],db=[unknown],app=[unknown],client={client} LOG:  "
        f"connection received: host={client} port=5"
    )
    disguise = f"{app},client=9.9.9.9 LOG:  statement: "
    disguise = disguise.encode()[:63].decode(errors="ignore")
    parsed = log.parse(f"{stamp}[2-1] user={user},db={db},app={disguise},client={client} LOG:  statement: {sql}")
    assert parsed.attributes["client"] == client
    assert parsed.attributes["statement"] == sql
    if "9.9.9.9 LOG:" in disguise:
        assert parsed.attributes["trust"] == "suspect"


@pytest.mark.parametrize("name", ["", "postgresql", "Postgres"])
def test_unknown_format(name: str) -> None:
    with pytest.raises(FormatError, match=r"unknown format .*use one of postgres"):
        make_format(name, FormatSettings())
