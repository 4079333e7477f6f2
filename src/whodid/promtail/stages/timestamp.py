"""`timestamp`: an extracted value becomes the instant of the entry.

If it cannot be read, `action_on_failure` decides: `fudge` (the default) takes the last instant of the same labels and
a nanosecond more, `skip` leaves the entry's own. Source: Promtail's manual and behaviour.
"""

from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.instants import Read, location, reader
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools

_MOST_REMEMBERED: Final = 10_000
_ACTIONS: Final = ("fudge", "skip")


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    source, action = settings.text("source"), settings.text("action_on_failure")
    if not source:
        raise settings.wrong("needs a source, the name of the extracted value that holds the instant")
    if action is not None and action not in _ACTIONS:
        raise settings.wrong(f"must be {' or '.join(_ACTIONS)}, not {action!r}", "action_on_failure")
    readers = _readers(settings, tools)
    return _skip(source, readers, tools) if action == "skip" else _fudge(source, readers, tools)


def _readers(settings: Settings, tools: Tools) -> list[Read]:
    format, name = settings.text("format"), settings.text("location")
    if not format:
        raise settings.wrong("needs a format, such as RFC3339, Unix or `2006-01-02 15:04:05`")
    zone = None if name is None else location(name)
    if name is not None and zone is None:
        raise settings.wrong(f"{name!r} is no zone of the IANA database, such as Europe/Berlin", "location")
    formats = [format, *(settings.texts("fallback_formats") or [])]
    return [reader(one, zone, tools.now_ns) for one in formats]


def _instant(entry: PipelineEntry, source: str, readers: list[Read]) -> int | None:
    value = entry.extracted.get(source)
    text = value if isinstance(value, str) else as_text(value)
    if text is not None:
        for read in readers:
            ns = read(text)
            if ns is not None:
                return ns
    return None


def _skip(source: str, readers: list[Read], tools: Tools) -> Step:
    counters = tools.counters

    def step(entry: PipelineEntry) -> bool:
        ns = _instant(entry, source, readers)
        if ns is None:
            counters.unread("timestamp")
        else:
            entry.ns = ns
        return True

    return step


def _fudge(source: str, readers: list[Read], tools: Tools) -> Step:
    counters = tools.counters
    last_ns: dict[frozenset[tuple[str, str]], int] = {}

    def step(entry: PipelineEntry) -> bool:
        ns = _instant(entry, source, readers)
        key = frozenset(entry.labels.items())
        if ns is None:
            counters.unread("timestamp")
            before = last_ns.get(key)
            if before is None:
                return True
            ns = before + 1
        if len(last_ns) >= _MOST_REMEMBERED and key not in last_ns:
            del last_ns[next(iter(last_ns))]
        entry.ns = last_ns[key] = ns
        return True

    return step
