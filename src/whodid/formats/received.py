"""Records that came over a transport – journal, syslog, Docker's API, a push – as the agent's inbox keeps them.

One line is one record: `{"line": …, "ns": …, "labels": {…}, "attributes": {…}, "discovered": {…}}`, written by
sources/receiver.py. The format named by the option `inner` reads what is inside; see envelope.py.
"""

from typing import Final

import msgspec

from whodid.formats.envelope import Envelope, Make, Opener
from whodid.formats.format import FormatSettings, Front, Parsed, QuickReader

_decode: Final = msgspec.json.Decoder(Envelope).decode


class Received:
    """One inbox."""

    __slots__ = ("_opener",)

    def __init__(self, settings: FormatSettings, make: Make) -> None:
        self._opener = Opener(settings, make, _open)

    def continues(self, line: str, record: str) -> bool:
        return self._opener.joins(line, record)

    def quick(self, front: Front) -> QuickReader | None:
        return self._opener.quick(front)

    def parse(self, record: str) -> Parsed:
        return self._opener.read(record)


def _open(text: str) -> Envelope | None:
    if not text.startswith("{"):
        return None
    try:
        return _decode(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
