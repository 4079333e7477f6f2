"""Any other log: each line is a record, and a leading instant is read where there is one.

`options: {multiline: stamp}` joins the lines without an instant (a traceback) to the record that began with one.
"""

import re
from typing import Final

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.redact_values import key_goes_on
from whodid.formats.stamps import LocalStamps

_STAMP: Final = re.compile(
    r"\[?(\d{4}-\d\d-\d\d[ Tt]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[Zz]| ?[+-]\d\d:?\d\d| UTC| GMT)?)(?![\d:])"
)


class Plain:
    """One log of no format in particular."""

    __slots__ = ("_joins", "_redact", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._joins = settings.options.get("multiline") == "stamp"

    def continues(self, line: str, record: str) -> bool:
        if key_goes_on(line, record):
            return True
        return self._joins and _STAMP.match(line) is None and _STAMP.match(record) is not None

    def parse(self, record: str) -> Parsed:
        stamp = _STAMP.match(record)
        return Parsed(self._redact(record), {}, self._stamps.read(stamp.group(1)) if stamp else None)
