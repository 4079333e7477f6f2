"""Which lines of PostgreSQL's text log make one record, and the parts that a record has.

Continuation lines begin with a tab, follow-ups (DETAIL, STATEMENT …) have heads of their own with the same process id;
and a name with a newline in it, which the server does not escape, cuts a head in pieces. Used by postgres.py.
"""

from whodid.formats.postgres_prefix import FOLLOW_UPS, Prefix, Reading, has_severity, same_writer


class Lines:
    """The lines of one log."""

    __slots__ = ("_prefix", "_severity_group")

    def __init__(self, prefix: Prefix) -> None:
        self._prefix = prefix
        self._severity_group = len(prefix.names) + 1

    def continues(self, line: str, record: str) -> bool:
        """Lines behind a tab, follow-ups of the same process, and whatever comes before a head is complete."""
        if line.startswith("\t"):
            return True
        if not record:
            return False
        if self._prefix.strict.match(record) is None and self._breaks_off(record):
            return True
        head = self._prefix.strict.match(line)
        if head is None:
            return self._is_follow_up(line, record) or self._is_rest_of_a_head(line)
        if head.group(self._severity_group) in FOLLOW_UPS or line.find(":  ", head.end(), self._prefix.longest) >= 0:
            return self._is_follow_up(line, record)
        return False

    def _breaks_off(self, record: str) -> bool:
        """Whether the record ends inside of its head: a name with a newline in it, which the server does not escape."""
        stub = self._prefix.stub
        return (
            stub is not None
            and len(record) < self._prefix.longest
            and stub.match(record) is not None
            and self._prefix.foreign.match(record) is None
            and not self._prefix.readings(record)
        )

    def _is_follow_up(self, line: str, record: str) -> bool:
        at = line.find(":  ")
        while at >= 0 and not line.endswith(FOLLOW_UPS, 0, at):
            at = line.find(":  ", at + 3)
        if at < 0 and self._prefix.foreign.match(line) is None:
            return False
        of_record = self._readings(record)
        return bool(of_record) and any(
            reading.severity in FOLLOW_UPS and same_writer(reading.values, of_record[0].values)
            for reading in self._readings(line)
        )

    def _is_rest_of_a_head(self, line: str) -> bool:
        """A severity but no beginning: the rest of a head that a name with a newline has cut in two."""
        begins = self._prefix.stub or self._prefix.strict
        return begins.match(line) is None and has_severity(line) and not self._prefix.readings(line)

    def _readings(self, line: str) -> list[Reading]:
        readings = self._prefix.readings(line)
        foreign = None if readings else self._prefix.foreign_reading(line)
        return readings if foreign is None else [foreign]

    def parts(self, text: str) -> tuple[str, dict[str, str], int, bool]:
        """Message and follow-up parts, with the server's leading tabs taken off; how many log lines they were; and
        whether a line is among them that the server does not write so."""
        message, *rest = text.split("\n")
        pieces: dict[str, list[str]] = {"": [message]}
        current, lines, stray = pieces[""], 1, False
        for line in rest:
            head = None if line.startswith("\t") else next(iter(self._readings(line)), None)
            if head is not None and head.severity in FOLLOW_UPS:
                current = pieces.setdefault(head.severity, [])
                line = line[head.message_at :]
                lines += 1
            elif not line.startswith("\t"):
                stray = True
            current.append(line[1:] if line.startswith("\t") else line)
        message = "\n".join(pieces.pop(""))
        return message, {word: "\n".join(piece) for word, piece in pieces.items()}, lines, stray
