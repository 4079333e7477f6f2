"""Journal records: what journalctl really writes, and what any object may hold. What it means: samples/journal.log.

systemd's own tools make the journal where they are installed (Debian: systemd-journal-remote, systemd).
"""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats import FormatError, FormatSettings, Parsed, make_format

REMOTE = "/usr/lib/systemd/systemd-journal-remote"
BOOT = "0123456789abcdef0123456789abcdef"
LOGIN = "Accepted password for root from 203.0.113.9 port 50999 ssh2"


def parse(**fields: object) -> Parsed:
    return make_format("journal", FormatSettings()).parse(json.dumps({"MESSAGE": "m", **fields}))


@pytest.mark.skipif(
    not Path(REMOTE).exists() or shutil.which("journalctl") is None,
    reason="needs systemd-journal-remote and journalctl",
)
def test_records_of_a_real_journal(tmp_path: Path) -> None:
    ours = {"SYSLOG_IDENTIFIER": b"sshd", "_UID": b"0", "_PID": b"7", "_EXE": b"/usr/sbin/sshd", "PRIORITY": b"6"}
    forged = {"SYSLOG_IDENTIFIER": b"sshd", "_UID": b"1002", "_PID": b"8", "PRIORITY": b"5"}
    journal = tmp_path / "a.journal"
    entries = [
        exported(1, [*ours.items(), ("MESSAGE", LOGIN.encode())]),
        exported(2, [*forged.items(), ("MESSAGE", LOGIN.encode())]),
        exported(3, [("SYSLOG_IDENTIFIER", b"app"), ("MESSAGE", b"hi\x1b\xff\nthere")]),
        exported(4, [("SYSLOG_IDENTIFIER", b"app"), ("SYSLOG_IDENTIFIER", b"other"), ("MESSAGE", b"twice")]),
        exported(5, [("SYSLOG_IDENTIFIER", b"app"), ("MESSAGE", b"x" * 10_000)]),
    ]
    made = subprocess.run(
        [REMOTE, f"--output={journal}", "-"], input=b"".join(entries), capture_output=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    told = subprocess.run(
        ["journalctl", f"--file={journal}", "--output=json", "--no-pager"], capture_output=True, timeout=60, check=True
    )
    log = make_format("journal", FormatSettings())
    said = [log.parse(line) for line in told.stdout.decode().splitlines()]
    assert [one.ns for one in said] == [1_795_424_400_000_000_000 + n * 1000 for n in range(1, 6)]
    assert all(one.understood for one in said)
    assert said[0].attributes["operation"] == said[1].attributes["operation"] == "login"
    assert "trust" not in said[0].attributes
    assert said[1].attributes["trust"] == "suspect"
    assert said[2].line == "hi\x1b\ufffd\nthere"
    assert said[3].attributes["program"] in ("app", "other")
    assert said[4].line == ""  # journalctl leaves out what is long unless it is told --all


def exported(number: int, fields: list[tuple[str, bytes]]) -> bytes:
    """One entry in the journal's export format."""
    head = [
        ("__REALTIME_TIMESTAMP", str(1_795_424_400_000_000 + number).encode()),
        ("__MONOTONIC_TIMESTAMP", str(number).encode()),
        ("_BOOT_ID", BOOT.encode()),
    ]
    out = b""
    for name, value in [*head, *fields]:
        text = all(byte >= 32 for byte in value)
        out += name.encode() + (b"=" + value if text else b"\n" + struct.pack("<Q", len(value)) + value) + b"\n"
    return out + b"\n"


@pytest.mark.parametrize(
    ("fields", "suspect"),
    [
        ({"_UID": "0", "_EXE": "/usr/sbin/sshd"}, False),
        ({"_UID": "0"}, False),  # it was gone before journald could look
        ({"_UID": "0", "_EXE": "/usr/libexec/openssh/sshd-session"}, False),
        ({"_UID": "0", "_EXE": "/usr/sbin/sshd (deleted)"}, False),  # upgraded, and not yet started anew
        ({"_UID": "0", "_EXE": "/usr/bin/logger"}, True),
        ({"_UID": "1002"}, True),
        ({"_UID": "1002", "_EXE": "/usr/bin/logger"}, True),
        ({"_UID": "1002", "_EXE": "/tmp/usr/sbin/sshd"}, True),
        ({"_UID": "1002", "_COMM": "sshd"}, True),  # a process chooses that name itself
    ],
)
def test_who_may_speak_as_sshd(fields: dict[str, str], suspect: bool) -> None:
    said = parse(SYSLOG_IDENTIFIER="sshd", MESSAGE=LOGIN, **fields).attributes
    assert (said.get("trust") == "suspect") is suspect
    assert ("trust_why" in said) is suspect


@pytest.mark.parametrize(
    ("unit", "label", "attribute"),
    [
        ("nginx.service", "nginx.service", None),
        ("sshd@12-10.20.0.1:22-203.0.113.9:5.service", "sshd@.service", None),
        ("user@1000.service", "user@.service", None),
        ("session-41.scope", None, "session-41.scope"),
        ("", None, None),
    ],
)
def test_what_comes_and_goes_is_no_label(unit: str, label: str | None, attribute: str | None) -> None:
    said = parse(_SYSTEMD_UNIT=unit)
    assert (said.labels or {}).get("unit") == label
    assert said.attributes.get("unit") == attribute


@pytest.mark.parametrize("name", ["journal", "syslog"])
def test_a_program_with_a_format_of_its_own(name: str) -> None:
    options = {"programs": "postgres=postgres, nginx=nginx_access"}
    log = make_format(name, FormatSettings(line_prefix="%u@%d ", options=options, year_hint_ns=1_795_424_400 * 10**9))
    message = 'anna@shop LOG:  statement: TRUNCATE "Order"'
    journal = json.dumps({"SYSLOG_IDENTIFIER": "postgres", "_PID": "7", "MESSAGE": message})
    said = log.parse(journal if name == "journal" else f"Nov 23 09:00:00 db1 postgres[7]: {message}")
    assert said.understood
    assert {"operation": "TRUNCATE", "user": "anna", "db": "shop", "pid": "7"}.items() <= said.attributes.items()


@pytest.mark.parametrize("text", ["postgres", "=postgres", "postgres=", "postgres=nothing"])
def test_programs_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FormatError, match=r"programs|unknown format 'nothing'"):
        make_format("journal", FormatSettings(options={"programs": text}))


def test_only_root_names_a_container() -> None:
    assert parse(CONTAINER_NAME="web", _UID="0").labels == {"container": "web"}
    said = parse(CONTAINER_NAME="web", _UID="1002")
    assert said.labels is None
    assert said.attributes["container"] == "web"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 300) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["MESSAGE", "_PID", "_UID", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "_COMM", "_EXE", "_TRANSPORT",
     "UNIT", "_SYSTEMD_UNIT", "CONTAINER_NAME", "__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "SYSLOG_PID"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES | st.sampled_from(["sshd", "kernel", "0", "9" * 30, "٣"])))
def test_any_object_is_read(fields: dict[str, object]) -> None:
    said = make_format("journal", FormatSettings()).parse(json.dumps(fields))
    assert all(isinstance(value, str) and value for value in said.attributes.values())
    assert said.ns is None or said.ns < 2**63


def test_a_record_of_many_values_costs_no_more_than_its_length() -> None:
    assert make_format("journal", FormatSettings()).parse('{"MESSAGE":' + "[" * 50_000 + "]" * 50_000 + "}").line
    assert parse(MESSAGE=[65] * 200_000).line == "A" * 200_000
