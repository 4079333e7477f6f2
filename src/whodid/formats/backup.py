"""The log of a job that makes backups: that of a tool, or of a script. What its lines say is in backup_messages.py.

A line that names no task means the one that was started last and has not ended; else `options: {task: NAME}`. Lines of
restic and of scripts that write JSON are read too.
"""

import re
from typing import Any, Final

import orjson

from whodid.formats.backup_messages import read_backup
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.stamps import LocalStamps
from whodid.formats.syslog import Syslog

_STAMP: Final = re.compile(
    r"\[?(?:(?:INFO|ERROR|WARNING|DEBUG): )?(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r" ?(Z|UTC|[+-]\d\d:?\d\d)?\]?[ :,-]*"
)
_HEAD: Final = re.compile(
    r"(?:\[\d+\] )?(?:(?P<program>[a-z][\w.-]{0,63}) )?(?:(?P<process>P\d+) +)?\[?(?P<severity>DETAIL|DEBUG|INFO|"
    r"WARN(?:ING)?|ERROR|FATAL|CRITICAL)\]?[:\s-]+(?P<text>.*)",
    re.DOTALL,
)
_TAGGED: Final = re.compile(r"\[?([a-z][\w.-]{0,63})\]?(?:\[(\d+)\])?: (.*)", re.DOTALL)


class Backup:
    """One log of backups."""

    __slots__ = ("_redact", "_running", "_stamps", "_syslog", "_task")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._syslog = Syslog(settings)
        self._task = settings.options.get("task", "")
        self._running = ""

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        parsed = self._parse(record)
        return parsed._replace(line=line, attributes=self._redact.attributes(record, line, parsed.attributes))

    def _parse(self, record: str) -> Parsed:
        """The record as it is, with whatever secrets it holds."""
        if record.startswith("{"):
            parsed = self._json(record)
            if parsed is not None:
                return parsed
        stamp = _STAMP.match(record)
        if stamp is None:
            enveloped = self._syslog.parse(record)
            if enveloped.ns is not None:
                return self._enveloped(enveloped)
        out: dict[str, str] = {}
        text = record[stamp.end() :] if stamp else record
        told = self._read(text, out)
        out["message"] = text or record
        return Parsed(record, out, self._instant(stamp) if stamp else None, told or stamp is not None)

    def _read(self, text: str, out: dict[str, str]) -> bool:
        tool = ""
        head = _HEAD.fullmatch(text)
        if head is not None:
            out.update({name: value for name, value in head.groupdict().items() if value and name != "text"})
            tool = "pgbackrest" if out.pop("process", "") else ""
            text = head.group("text").strip()
        tagged = _TAGGED.fullmatch(text) if head is None else None
        if tagged is not None and not text.startswith(("pg_", "mysqldump", "mariadb-dump")):
            out["program"], text = tagged.group(1), tagged.group(3)
        elif tagged is not None:
            out["program"] = tagged.group(1)
        told = read_backup(tool or out.get("program", "") or "backup", text, out)
        if not told and out.get("severity") in ("FATAL", "CRITICAL"):
            out["operation"], out["outcome"], told = "backup", "failed", True
        self._name(out)
        return told

    def _enveloped(self, parsed: Parsed) -> Parsed:
        out = parsed.attributes
        if "operation" not in out:
            read_backup("backup", out.get("message", ""), out)
        self._name(out)
        return parsed

    def _name(self, out: dict[str, str]) -> None:
        if out.get("operation") != "backup":
            return
        if "task" not in out and (self._running or self._task):
            out["task"] = self._running or self._task
        self._running = out.get("task", "") if out["outcome"] == "started" else ""

    def _instant(self, stamp: re.Match[str]) -> int | None:
        year, month, day, clock, zone = stamp.groups()
        return self._stamps.read(f"{year}-{month}-{day} {clock}{zone or ''}")

    def _json(self, line: str) -> Parsed | None:
        try:
            fields = orjson.loads(line)
        except ValueError:
            return None
        if not isinstance(fields, dict):
            return None
        out: dict[str, str] = {}
        kind = fields.get("message_type")
        if kind == "summary" and "snapshot_id" in fields:
            out |= {"operation": "backup", "outcome": "completed", "program": "restic"}
            _take(fields, out, ("snapshot_id", "snapshot"), ("total_bytes_processed", "bytes"))
            if isinstance(fields.get("total_duration"), int | float):
                out["duration_ms"] = f"{fields['total_duration'] * 1000:.0f}"
        elif kind in ("error", "exit_error"):
            out |= {"operation": "backup", "outcome": "failed", "program": "restic"}
            _take(fields, out, ("message", "reason"))
        else:
            text = next((fields[key] for key in ("message", "msg", "event") if isinstance(fields.get(key), str)), "")
            read_backup("backup", text, out)
            _take(fields, out, ("job", "task"), ("task", "task"), ("bytes", "bytes"), ("size_bytes", "bytes"),
                  ("duration_ms", "duration_ms"))  # fmt: skip
            if text:
                out["message"] = text
        self._name(out)
        stamp = next((fields[key] for key in ("time", "timestamp", "ts") if isinstance(fields.get(key), str)), "")
        ns = self._stamps.read(stamp) if stamp else None
        return Parsed(line, out, ns, bool(out))


def _take(fields: dict[str, Any], out: dict[str, str], *names: tuple[str, str]) -> None:
    for key, name in names:
        value = fields.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            out[name] = str(value)
