"""PostgreSQL's text log (`log_destination = stderr`), with any `log_line_prefix`.

Cuts a record into head and message, joins its follow-up lines (DETAIL, STATEMENT …), and says how far it can be
trusted: the text log does not escape the names that a client chooses, so a line may have been forged. How that is
done and found out: postgres_prefix.py and postgres_witness.py; what a message means: postgres_message.py.
"""

from collections.abc import Mapping
from typing import Final

from whodid.formats.format import FormatSettings, Front, Parsed, QuickReader
from whodid.formats.postgres_choice import choose, name_goes_on
from whodid.formats.postgres_lines import Lines
from whodid.formats.postgres_prefix import FOLLOW_UPS, Prefix, Reading, process_of
from whodid.formats.postgres_quick import Quick
from whodid.formats.postgres_record import Teller
from whodid.formats.postgres_session import UNKNOWN
from whodid.formats.stamps import SECOND, LocalStamps, fraction_ns

DEFAULT_PREFIX: Final = "%m [%p] %q%u@%d "
"""Debian's. It also reads lines of PostgreSQL's own default, `%m [%p] `, for what stands behind %q may be missing."""
_NOT_KEPT: Final = ("stamp", "epoch")
_MOST_LATE: Final = 16
_STRAY: Final = "a piece of another head follows the line: a name with newlines in it was used to write it"
_EMPTY: Final = {"sqlstate": "00000", "txid": "0", "query_id": "0", "backend": "client backend"}
"""Values that say nothing."""


class Postgres:
    """One text log of PostgreSQL."""

    __slots__ = (
        "_groups",
        "_lines",
        "_prefix",
        "_redact",
        "_severity_group",
        "_stamp_group",
        "_stamps",
        "_teller",
    )

    def __init__(self, settings: FormatSettings) -> None:
        self._prefix = Prefix(settings.line_prefix or DEFAULT_PREFIX)
        names = self._prefix.names
        self._groups = tuple((name, group) for group, name in enumerate(names) if name not in _NOT_KEPT)
        self._stamp_group = next((group for group, name in enumerate(names) if name in _NOT_KEPT), -1)
        self._severity_group = len(names)
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._teller = Teller()
        self._lines = Lines(self._prefix)

    def continues(self, line: str, record: str) -> bool:
        return self._lines.continues(line, record)

    def quick(self, front: Front) -> QuickReader:
        return Quick(
            self._prefix, self._teller.sessions, self._significant, self._instant, front, self._redact.suspicious
        )

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        head = self._prefix.strict.match(record)
        if head is not None and record.find(":  ", head.end(), self._prefix.longest) < 0:
            values, doubt, understood = head.groups(), "", True
            out = self._significant({name: values[group] for name, group in self._groups})
            stamp: str | None = values[self._stamp_group] if self._stamp_group >= 0 else None
            severity, message_at = values[self._severity_group], head.end()
        else:
            reading, doubt = self._read_with_care(record)
            understood = reading is not None
            reading = reading or self._prefix.foreign_reading(record)
            if reading is None:
                return Parsed(line, {}, None, understood=False)
            out = self._significant(reading.values)
            stamp = reading.values.get("stamp") or reading.values.get("epoch")
            severity, message_at = reading.severity, reading.message_at
        if "session" in out and "pid" not in out:
            out["pid"] = process_of(out)
        ns = self._instant(stamp)
        self._complete(out, ns, severity, record[message_at:], doubt)
        return Parsed(line, self._redact.attributes(record, line, out), ns, understood)

    def _read_with_care(self, record: str) -> tuple[Reading | None, str]:
        """The reading of a record that has several, or none in the ordinary way; and the doubt that remains."""
        readings = self._prefix.readings(record)
        first_line, late = record.find("\n"), list[Reading]()
        if first_line >= 0 and (not readings or min(r.message_at for r in readings) > first_line):
            # A name with a newline in it; or a line that was cut off (a crash, a full disk) and a whole one after it.
            at = first_line + 1
            while at and len(late) < _MOST_LATE:
                late += self._prefix.readings(record, at) if record[at : at + 1] != "\t" else []
                at = record.find("\n", at, self._prefix.longest) + 1
        readings = [reading for reading in readings if reading.severity not in FOLLOW_UPS] or readings
        if late and name_goes_on(readings, late, self._teller.sessions):
            late = []
        elif late:
            readings = late
        if not readings:
            return None, ""
        if len(readings) == 1 and not late:
            return readings[0], ""
        reading, sure = choose(record, readings, self._teller.sessions)
        if late:
            return reading, "the line before it breaks off, and runs into it"
        return reading, "" if sure else "the line can be read in more than one way"

    def _instant(self, stamp: str | None) -> int | None:
        if not stamp:
            return None
        if "-" in stamp:
            return self._stamps.read(stamp)
        seconds, _, fraction = stamp.partition(".")
        return int(seconds[:12]) * SECOND + fraction_ns(fraction)

    def _complete(self, out: dict[str, str], ns: int | None, severity: str, text: str, doubt: str) -> None:
        """Everything after the head: message, parts, session, trust."""
        parts: dict[str, str] | None = None
        lines = 1
        if "\n" in text:
            text, parts, lines, stray = self._lines.parts(text)
            doubt = doubt or (_STRAY if stray else "")
        if text[5:7] == ": " and text[:5].isalnum() and not text[:5].isalpha():
            out["sqlstate"], text = text[:5], text[7:]  # log_error_verbosity = verbose
            if out["sqlstate"] == "00000":
                del out["sqlstate"]
        self._teller.tell(out, out.get("pid"), ns, severity, text, parts, lines, doubt)

    @staticmethod
    def _significant(values: Mapping[str, str | None]) -> dict[str, str]:
        """The values of a head that say something, as attributes."""
        out = {name: value for name, value in values.items() if value and name not in _NOT_KEPT}
        for name in ("app", "user", "db"):
            if out.get(name) == UNKNOWN:
                del out[name]
        for name, value in _EMPTY.items():
            if name in out and out[name] == value:
                del out[name]
        client = out.get("client", "")
        if client.endswith(")"):  # %r: `10.0.0.1(5432)`
            out["client"], _, out["port"] = client[:-1].rpartition("(")
        return out
