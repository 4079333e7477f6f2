"""`metrics`: counters, gauges and histograms over the entries, one for each set of labels.

A counter with `match_all` counts every entry; all else works on an extracted value, `source` or the metric's own name.
Source: Promtail's manual and behaviour.
"""

from collections.abc import Callable, Mapping
from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.go_values import as_float, as_text
from whodid.promtail.metrics import DEFAULT_BUCKETS, Kind, Vector
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools

_KINDS: Final[dict[str, Kind]] = {"counter": "counter", "gauge": "gauge", "histogram": "histogram"}
_ACTIONS: Final = {"counter": ("inc", "add"), "gauge": ("set", "inc", "dec", "add", "sub")}
_SIGNS: Final = {"inc": 1.0, "add": 1.0, "dec": -1.0, "sub": -1.0}
Record = Callable[[PipelineEntry], None]


def make(given: object, place: str, tools: Tools) -> Step:
    if not isinstance(given, Mapping):
        raise PipelineError(
            place, "needs metrics, such as `lines: {type: Counter, config: {match_all: true, action: inc}}`"
        )
    records = []
    for name, metric in given.items():
        if not isinstance(name, str):
            raise PipelineError(place, f"the key {name!r} must be a text; put it into quotes")
        records.append(_metric(name, Settings(metric, f"{place}.{name}"), tools))

    def step(entry: PipelineEntry) -> bool:
        for record in records:
            record(entry)
        return True

    return step


def _metric(name: str, settings: Settings, tools: Tools) -> Record:
    kind = _KINDS.get((settings.text("type") or "").lower())
    if kind is None:
        raise settings.wrong(f"must be counter, gauge or histogram, not {settings.text('type')!r}", "type")
    idle_ns = settings.duration_ns("max_idle_duration")
    if idle_ns is not None and idle_ns < 1_000_000_000:
        raise settings.wrong("must be at least 1s", "max_idle_duration")
    source, description = settings.text("source"), settings.text("description") or ""
    config = Settings(settings.raw("config"), f"{settings.place}.config")
    buckets = _buckets(config) if kind == "histogram" else ()
    full_name = (settings.text("prefix") or "promtail_custom_") + name
    max_idle_s = 300 if idle_ns is None else idle_ns // 1_000_000_000
    record = _record(kind, config, Vector(full_name, kind, description, max_idle_s, buckets), tools)
    if kind == "counter" and config.flag("match_all"):
        if config.flag("count_entry_bytes"):
            return lambda entry: record(entry, len(entry.line.encode("utf-8", "replace")))
        return lambda entry: record(entry, None)
    return _of_source(record, config, name if source is None else source)


def _of_source(record: Callable[[PipelineEntry, object], None], config: Settings, source: str) -> Record:
    value = config.text("value")

    def of_source(entry: PipelineEntry) -> None:
        if source in entry.extracted:
            found = entry.extracted[source]
            if value is None or as_text(found) == value:
                record(entry, found)

    return of_source


def _record(kind: Kind, config: Settings, vector: Vector, tools: Tools) -> Callable[[PipelineEntry, object], None]:
    """What is done with a value."""
    tools.counters.vectors.append(vector)
    monotonic_s, counters = tools.monotonic_s, tools.counters
    action = "observe" if kind == "histogram" else _action(kind, config)
    if action in ("inc", "dec"):
        amount = _SIGNS[action]
        return lambda entry, value: vector.add(entry.labels, amount, monotonic_s())

    def record(entry: PipelineEntry, value: object) -> None:
        number = as_float(value)
        if number is None:
            counters.unread("metrics")
        elif action == "observe":
            vector.observe(entry.labels, number, monotonic_s())
        elif action == "set":
            vector.set(entry.labels, number, monotonic_s())
        else:
            vector.add(entry.labels, _SIGNS[action] * number, monotonic_s())

    return record


def _action(kind: str, config: Settings) -> str:
    action = (config.text("action") or "").lower()
    if action not in _ACTIONS[kind]:
        raise config.wrong(f"must be {', '.join(_ACTIONS[kind])} for a {kind}, not {action!r}", "action")
    if kind == "counter":
        match_all, counts_bytes = config.flag("match_all"), config.flag("count_entry_bytes")
        if match_all and config.text("value") is not None:
            raise config.wrong("cannot stand beside match_all; keep one of them", "value")
        if counts_bytes and not (match_all and action == "add"):
            raise config.wrong("needs match_all: true and action: add", "count_entry_bytes")
    return action


def _buckets(config: Settings) -> tuple[float, ...]:
    given = config.raw("buckets")
    if given is None or given == []:
        return DEFAULT_BUCKETS
    if not isinstance(given, list | tuple) or not all(
        isinstance(bound, int | float) and not isinstance(bound, bool) for bound in given
    ):
        raise config.wrong("must be a list of numbers", "buckets")
    bounds = tuple(map(float, given))
    if list(bounds) != sorted(set(bounds)):
        raise config.wrong("must rise from each number to the next", "buckets")
    return bounds[:-1] if bounds[-1] == float("inf") else bounds
