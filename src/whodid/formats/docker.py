"""Docker's json-file log: `{"log": …, "stream": …, "time": …}`, one message a line. The option `inner` reads its text.

A line of more than 16 KiB is divided by the engine into several messages, of which only the last ends with a newline:
they are joined again. Labels that the engine was told to add (`--log-opt labels=…`) stand in `attrs` and become
attributes. Source: Docker's manual, "JSON File logging driver"; moby daemon/logger/jsonfilelog.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

from whodid.formats.envelope import Envelope, Make, Opener
from whodid.formats.format import FormatSettings, Front, Parsed, QuickReader
from whodid.model.clock import parse_rfc3339

_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_]")


class _Message(msgspec.Struct, frozen=True):
    log: str
    stream: str = ""
    time: str = ""
    attrs: dict[str, str] = {}


_decode: Final = msgspec.json.Decoder(_Message).decode


def instant_of(line: bytes) -> int | None:
    """The instant that a line of such a log states, in ns; None where it states none."""
    try:
        return _instant(_decode(line).time)
    except (ValueError, RecursionError):
        return None


class Docker:
    """One container's log on the disk."""

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
        message = _decode(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    stream = {"stream": message.stream} if message.stream else {}
    return Envelope(
        message.log.removesuffix("\n").removesuffix("\r"),
        _instant(message.time),
        stream,
        {_NOT_IN_NAMES.sub("_", name): value for name, value in message.attrs.items()} if message.attrs else {},
        {"__meta_docker_container_log_stream": message.stream} if stream else {},
        message.log.endswith("\n"),
    )


def _instant(text: str) -> int | None:
    """The engine writes UTC; a busy log has many lines in one second, and is read at a glance."""
    fraction = text[20:-1]
    if text[19:20] == "." and text[-1:] == "Z" and fraction.isdecimal() and fraction.isascii() and len(fraction) < 10:
        second_ns = _second(text[:19])
        return second_ns + int(fraction.ljust(9, "0")) if second_ns is not None else None
    return _any_instant(text)


def _any_instant(text: str) -> int | None:
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def _second(text: str) -> int | None:
    return _any_instant(f"{text}Z")
