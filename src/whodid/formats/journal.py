"""Records of systemd's journal, one JSON object each, as `journalctl -o json` writes them. The line is the MESSAGE.

The message is read by the program that wrote it (programs.py). What begins with an underscore journald found out by
itself: a program cannot lie about it. So a line that calls itself sshd and comes from somebody's shell is told from
sshd's own, which no text log can. Fields: systemd.journal-fields(7), journal-export-formats(7), dockerd's journald
driver.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.message_rules import suspect
from whodid.formats.programs import SSHD, Programs
from whodid.formats.syslog_message import FACILITIES, SEVERITIES

_COPIED: Final = (
    ("_PID", "pid"),
    ("_UID", "uid"),
    ("_HOSTNAME", "hostname"),
    ("_SYSTEMD_USER_UNIT", "user_unit"),
    ("_BOOT_ID", "boot_id"),
    ("_TRANSPORT", "transport"),
    ("CONTAINER_ID", "container_id"),
    ("IMAGE_NAME", "image"),
)
_SETUID: Final = frozenset({"sudo", "su", "passwd", "chsh", "chfn", "gpasswd", "chage", "pkexec", "doas", "crontab"})
"""Programs that a user starts and that act as root: journald sees the user's id, so their file must prove them."""
_ROOTS: Final = SSHD | frozenset(
    {"login", "systemd-logind", "CRON", "CROND", "cron", "crond", "anacron", "useradd", "usermod", "userdel",
     "groupadd", "groupdel", "groupmod", "chpasswd", "systemd", "fail2ban", "fail2ban-server"}
)  # fmt: skip
"""Programs that only root runs."""
_FILES: Final = {
    **dict.fromkeys(SSHD, ("sshd", "sshd-session", "sshd-auth")),
    **dict.fromkeys(("CRON", "CROND", "cron", "crond"), ("cron", "crond")),
    **{name: (name,) for name in (*_SETUID, "login", "systemd-logind", "useradd", "usermod", "userdel", "systemd")},
}
"""What file a program of that name runs from, where that is the same everywhere."""
_SYSTEM_PLACES: Final = re.compile(r"/(?:usr/(?:local/)?)?(?:s?bin|lib(?:64|exec)?)/|/nix/store/|/run/wrappers/")
_INSTANCE: Final = re.compile(r"@.+(?=\.service\Z)", re.DOTALL)


class Journal:
    """One stream of journal records."""

    __slots__ = ("_by_program", "_redact", "_shows_record", "programs")

    def __init__(self, settings: FormatSettings) -> None:
        self._by_program = settings.options.get("jobs") == "by_program"
        self._shows_record = settings.options.get("line") == "record"
        self._redact = settings.redact
        self.programs = Programs()

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        fields = _load(record)
        if fields is None:
            return Parsed(self._redact(record), {}, None, understood=False)
        message = _text(fields.get("MESSAGE"))
        line = self._redact(message)
        out: dict[str, str] = {}
        program = self._copy(fields, out)
        labels = _labels(fields, out)
        ns = _instant(fields)
        process = "" if _is_foreign(program, _text(fields.get("_EXE"))) else out.get("pid", "")  # not to be remembered
        told: dict[str, str] = {}
        understood = self.programs.read(program, process, message, ns, told, out.get("hostname", ""))
        out.update(self._redact.attributes(message, line, told))
        if told.get("message") == message:
            del out["message"]  # it is the line
        if labels is not None and "unit" in labels:
            out.pop("unit", None)
        _judge(program, fields, out)
        if self._by_program and (job := _job(program, out.get("facility", ""))):
            labels = {**(labels or {}), "job": job}
        shown = self._redact(record) if self._shows_record else line
        return Parsed(shown, self._each(out), ns, understood, self._each(labels) if labels else None)

    def _each(self, texts: Mapping[str, str]) -> dict[str, str]:
        """What the journal knows beside the message may hold a secret, too: a unit's name is somebody's choice."""
        return {name: self._redact(value) for name, value in texts.items()}

    def _copy(self, fields: dict[str, Any], out: dict[str, str]) -> str:
        """Adds the fields of the record to `out`; the program that it names."""
        for name, attribute in _COPIED:
            value = _text(fields.get(name))
            if value:
                out[attribute] = value
        claimed = _text(fields.get("SYSLOG_PID"))
        if "pid" not in out and claimed.isdecimal():
            out["pid"] = claimed
        _take_number(fields, "PRIORITY", SEVERITIES, "severity", out)
        _take_number(fields, "SYSLOG_FACILITY", FACILITIES, "facility", out)
        program = _text(fields.get("SYSLOG_IDENTIFIER")) or _text(fields.get("_COMM"))
        if program:
            out["program"] = program
        return program


def _load(record: str) -> dict[str, Any] | None:
    if not record.startswith("{"):
        return None
    try:
        fields = orjson.loads(record)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) and ("MESSAGE" in fields or "__REALTIME_TIMESTAMP" in fields) else None


def _text(value: object) -> str:
    """A field is a text; an array of bytes where it is not UTF-8; null where it is too long; an array of these where it
    was given more than once: then the first."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        return ""
    if all(type(part) is int and 0 <= part < 256 for part in value):
        return bytes(value).decode("utf-8", "replace")
    return _text(value[0]) if not isinstance(value[0], list) or all(type(part) is int for part in value[0]) else ""


def _take_number(fields: dict[str, Any], key: str, names: tuple[str, ...], attribute: str, out: dict[str, str]) -> None:
    number = _text(fields.get(key))
    if number.isascii() and number.isdecimal() and len(number) < 4 and int(number) < len(names):
        out[attribute] = names[int(number)]


def _instant(fields: dict[str, Any]) -> int | None:
    """When it was said, by the sender's clock; else when journald got it."""
    for name in ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"):
        microseconds = _text(fields.get(name))
        if microseconds.isascii() and microseconds.isdecimal() and len(microseconds) < 17:
            return int(microseconds) * 1000
    return None


def _labels(fields: dict[str, Any], out: dict[str, str]) -> dict[str, str] | None:
    """A service's name is a label, and a container's where root says it; scopes and instances come and go by the
    thousand, and anybody can call himself a container: those are attributes."""
    labels: dict[str, str] = {}
    unit = _text(fields.get("_SYSTEMD_UNIT"))
    if _text(fields.get("_PID")) == "1" and _text(fields.get("UNIT")):
        unit = _text(fields.get("UNIT"))  # systemd speaks of another
    if unit.endswith(".service"):
        labels["unit"] = _INSTANCE.sub("@", unit)
        if labels["unit"] != unit:
            out["unit_instance"] = unit
    elif unit:
        out["unit"] = unit
    container = _text(fields.get("CONTAINER_NAME"))
    if container:
        (labels if _text(fields.get("_UID")) == "0" else out)["container"] = container
    return labels or None


def _job(program: str, facility: str) -> str:
    """The job under which the same would be found in the files that rsyslog writes; empty: none in particular."""
    if facility in ("auth", "authpriv"):
        return "auth"
    return {"kernel": "kernel", "CRON": "cron", "cron": "cron", "crond": "cron"}.get(program, "")


def _is_foreign(program: str, file: str) -> bool:
    """Whether a program runs from a file that is not its own."""
    expected = _FILES.get(program)
    return bool(file) and expected is not None and not _is_own(expected, file)


def _is_own(expected: tuple[str, ...], file: str) -> bool:
    name = file.rpartition("/")[2].removesuffix(" (deleted)")
    return name in expected and _SYSTEM_PLACES.match(file) is not None


def _judge(program: str, fields: dict[str, Any], out: dict[str, str]) -> None:
    """Whether the program is what it calls itself, by what journald saw of it."""
    transport, uid, file = (_text(fields.get(name)) for name in ("_TRANSPORT", "_UID", "_EXE"))
    if program == "kernel":
        if transport and transport != "kernel":
            suspect(out, f"calls itself the kernel, and came by {transport} from uid {uid or 'unknown'}")
    elif program not in _ROOTS and program not in _SETUID:
        return
    elif _is_foreign(program, file):
        suspect(out, f"calls itself {program}, and was written by {file}")
    elif uid in ("", "0"):
        return
    elif not _is_own(_FILES.get(program, ()), file) or (
        program in SSHD and out.get("operation") in ("login", "login_failed", "invalid_user")
    ):
        # The process that serves a session runs as its user, but it lets nobody in.
        suspect(out, f"calls itself {program}, and was written by uid {uid}{f' ({file})' if file else ''}")
