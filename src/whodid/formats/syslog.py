"""Files that a syslog daemon writes: syslog, messages, auth.log, kern.log, cron.log. One line is one message.

Takes the envelope off (syslog_message.py), then the message is read by the program that wrote it (programs.py), so one
reader serves them all. Lines without an envelope: audit records (audit.log), and the kernel's own (dmesg).
"""

import re
from collections.abc import Mapping
from typing import Final

from whodid.formats.audit_messages import read_audit
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.kernel_messages import read_kernel
from whodid.formats.message_rules import LONGEST, suspect
from whodid.formats.programs import SSHD, Programs
from whodid.formats.syslog_message import SyslogMessage, SyslogReader

_DMESG: Final = re.compile(r"(?:<\d{1,3}>)?\[ *\d+\.\d+\] .*", re.DOTALL)
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")
_MOST_PARAMETERS: Final = 32


class Syslog:
    """One file of syslog lines."""

    __slots__ = ("_envelopes", "_redact", "programs")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._envelopes = SyslogReader(settings.timezone, settings.year_hint_ns)
        self.programs = Programs()

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        said = self._envelopes.read(record)
        if not said.dialect:
            parsed = _without_envelope(record)
            return parsed._replace(line=line, attributes=self._redact.attributes(record, line, parsed.attributes))
        out = envelope_attributes(said)
        message = said.message.removeprefix(" ") if said.dialect == "rfc5424" else said.message  # rsyslog's own blank
        understood = self.programs.read(said.app, said.pid, message, said.ns, out, said.hostname)
        _judge(said, out)
        return Parsed(line, self._redact.attributes(record, line, out), said.ns, understood)


def envelope_attributes(said: SyslogMessage) -> dict[str, str]:
    """The attributes of a message's envelope."""
    named = (("program", said.app), ("hostname", said.hostname), ("pid", said.pid), ("facility", said.facility),
             ("severity", said.severity), ("msgid", said.msgid))  # fmt: skip
    return {name: value for name, value in named if value} | structured_attributes(said.sd)


def structured_attributes(sd: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """`[origin@32473 ip="192.0.2.1"]` becomes `sd_origin_32473_ip`, the name that Promtail gives it."""
    out: dict[str, str] = {}
    for element, parameters in sd.items():
        for name, value in parameters.items():
            if value and len(out) < _MOST_PARAMETERS:
                out[_NOT_A_NAME.sub("_", f"sd_{element}_{name}")] = value
    return out


def _judge(said: SyslogMessage, out: dict[str, str]) -> None:
    """Anybody on the host can write to syslog under any name; where the envelope shows it, it is said."""
    if said.app in SSHD and not said.pid and "operation" in out:
        suspect(out, "sshd gives its process id with every line: this one may come from logger(1)")
    elif said.app in (*SSHD, "sudo", "su") and said.facility and said.facility not in ("auth", "authpriv", "security"):
        suspect(out, f"{said.app} does not write to the facility {said.facility}: this line may come from logger(1)")
    elif said.app == "kernel" and said.facility and said.facility != "kern":
        suspect(out, "only the kernel writes to the facility kern: this line comes from a program")


def _without_envelope(line: str) -> Parsed:
    out: dict[str, str] = {}
    if "audit(" in line:
        ns = read_audit(line, out)
        if ns is not None:
            return Parsed(line, out, ns)
    if len(line) <= LONGEST and _DMESG.fullmatch(line):
        out["program"] = "kernel"
        read_kernel(line, out)
        out["message"] = line
        return Parsed(line, out)
    return Parsed(line, {}, None, understood=False)
