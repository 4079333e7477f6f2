"""`drop`: drops an entry that meets every condition given: `source` with `value` or `expression`, `older_than`,
`longer_than`. Several sources are joined by `separator`.

Source: Promtail's manual and behaviour (sizes count in powers of 1024; `value` is the whole of the joined sources).
"""

from collections.abc import Callable

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings, text_list
from whodid.promtail.stages.stage import Step, Tools

Condition = Callable[[PipelineEntry], bool]


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place, weak=True)
    reason = settings.text("drop_counter_reason") or "drop_stage"
    conditions = _conditions(settings, tools)
    counters = tools.counters

    def step(entry: PipelineEntry) -> bool:
        for holds in conditions:
            if not holds(entry):
                return True
        return counters.drop(reason)

    return step


def _conditions(settings: Settings, tools: Tools) -> list[Condition]:
    """Cheap ones first."""
    longer_bytes, older_ns = settings.size_bytes("longer_than"), settings.duration_ns("older_than")
    value, expression = settings.text("value"), settings.pattern("expression", captures=False)
    sources = _sources(settings)
    if sources is None and expression is None and older_ns is None and longer_bytes is None:
        raise settings.wrong("needs at least one of source, expression, older_than and longer_than")
    if value is not None and sources is None:
        raise settings.wrong("needs a source whose value is compared", "value")
    if value is not None and expression is not None:
        raise settings.wrong("cannot stand beside an expression; keep one of them", "value")
    out: list[Condition] = []
    if longer_bytes is not None:
        out.append(_longer(longer_bytes))
    if older_ns is not None:
        now_ns, age_ns = tools.now_ns, older_ns
        # What has no instant yet is of now, and a negative age is in the future.
        out.append(lambda entry: age_ns < 0 if entry.ns is None else entry.ns < now_ns() - age_ns)
    if sources is None:
        if expression is not None:
            test = expression.test
            out.append(lambda entry: test(entry.line))
        return out
    separator = settings.text("separator")
    separator = ";" if separator is None else separator
    if value is not None:
        out.append(_compared(sources, separator, lambda text: text == value))
    elif expression is not None:
        out.append(_compared(sources, separator, expression.test))
    else:
        names = frozenset(sources)
        out.append(lambda entry: names <= entry.extracted.keys())
    return out


def _sources(settings: Settings) -> list[str] | None:
    given = settings.raw("source")
    if given is None:
        return None
    return [given] if isinstance(given, str) else text_list(given, f"{settings.place}.source")


def _longer(size_bytes: int) -> Condition:
    def longer(entry: PipelineEntry) -> bool:
        line = entry.line
        if len(line) > size_bytes:
            return True
        return not line.isascii() and len(line.encode("utf-8", "replace")) > size_bytes

    return longer


def _compared(sources: list[str], separator: str, test: Callable[[str], bool]) -> Condition:
    """The sources that are there, joined; one that has no text keeps the entry."""

    def holds(entry: PipelineEntry) -> bool:
        texts = []
        for source in sources:
            if source in entry.extracted:
                text = as_text(entry.extracted[source])
                if text is None:
                    return False
                texts.append(text)
        return test(separator.join(texts))

    return holds
