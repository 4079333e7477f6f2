"""Each line as it stands: nothing is read out of it, no instant, no attribute. For sources that have a pipeline.

That is how Promtail takes a line before its pipeline. Only secrets are masked, and a private key is kept in one piece
for that.
"""

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.redact_values import key_goes_on


class Raw:
    """One log."""

    __slots__ = ("_redact",)

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact

    def continues(self, line: str, record: str) -> bool:
        return key_goes_on(line, record)

    def parse(self, record: str) -> Parsed:
        return Parsed(self._redact(record), {})
