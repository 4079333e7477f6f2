"""Sample logs with what each record must say: `tests/formats/samples/*.log`.

A line `#% {…}` gives the settings; `#= {…}` the exact attributes of the record that follows, which may have any number
of lines, up to the next line with one of these marks; `#! unparsed` says that it is not understood; `#@ RFC3339` tells
the instant it states, `#L {…}` its labels. Lines that begin with `# ` are remarks.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from whodid.formats import Format, FormatSettings


@dataclass
class Sample:
    where: str
    record: str
    expected: dict[str, str]
    understood: bool
    instant: str
    labels: str


def read_samples(path: Path) -> tuple[FormatSettings, list[Sample]]:
    settings: dict[str, str] = {}
    samples: list[Sample] = []
    expected: dict[str, str] | None = None
    instant = ""
    labels = ""
    lines: list[str] = []

    def finish(number: int) -> None:
        if lines:
            understood = expected is not None
            samples.append(
                Sample(f"{path.name}:{number}", "\n".join(lines), expected or {}, understood, instant, labels)
            )
            lines.clear()

    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
        if line.startswith(("#%", "#=", "#!", "#@", "#L", "# ")):
            finish(number)
        if line.startswith("#%"):
            settings = json.loads(line[2:])
        elif line.startswith("#="):
            expected, instant, labels = json.loads(line[2:]), "", ""
        elif line.startswith("#!"):
            expected, instant, labels = None, "", ""
        elif line.startswith("#@"):
            instant = line[3:]
        elif line.startswith("#L"):
            labels = line[3:]
        elif not line.startswith("# "):
            lines.append(line)
    finish(-1)
    zone = ZoneInfo(settings.pop("timezone", "UTC"))
    hint = settings.pop("now", "2026-11-23T12:00:00+00:00")
    now_ns = int(datetime.fromisoformat(hint).timestamp()) * 10**9
    return FormatSettings(settings.pop("line_prefix", ""), zone, now_ns, settings), samples


def join_records(log_format: Format, lines: list[str]) -> list[str]:
    """Cuts lines into records as the agent does."""
    records: list[str] = []
    for line in lines:
        if records and log_format.continues(line, records[-1]):
            records[-1] += "\n" + line
        else:
            records.append(line)
    return records
