"""`replace`: replaces what the groups of an expression caught, in the line or in an extracted value, by a Go template.

`.Value` is what the group caught. Only groups are replaced; of groups inside each other the outer one. Named groups are
extracted with what replaced them. A template that cannot be read replaces nothing: Promtail starts with it, too, and it
is among the notes of the pipeline. Source: Promtail's manual and behaviour.
"""

from collections.abc import Sequence

from whodid.promtail import template
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.patterns import Pattern, Span, text_of
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools
from whodid.templates.errors import TemplateError
from whodid.templates.program import Program
from whodid.templates.values import StringMap


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    pattern, source = settings.pattern("expression"), settings.source()
    if pattern is None or not settings.text("expression"):
        raise settings.wrong("needs an expression with groups, such as `password=(\\S+)`")
    counters = tools.counters
    try:
        made = template.program(settings.text("replace") or "")
    except TemplateError as error:
        counters.notes.append(f"{place}.replace: {error}; nothing will be replaced, as in Promtail")
        return lambda entry: True

    def step(entry: PipelineEntry) -> bool:
        extracted = entry.extracted
        text = entry.line if source is None else as_text(extracted.get(source))
        if text is None or not pattern.test(text):
            return True
        try:
            result, named = _replaced(pattern, made, text, StringMap(template.texts(extracted)))
        except (TemplateError, RecursionError):
            counters.unread("replace")
            return True
        if source is None:
            entry.line = result
        else:
            extracted[source] = result
        extracted.update(named)
        return True

    return step


def _replaced(pattern: Pattern, made: Program, text: str, data: StringMap) -> tuple[str, dict[str, str]]:
    """The text with its groups replaced, and the named groups of the first match."""
    held, out, at = text.encode("utf-8", "replace"), [], 0
    by_caught: dict[str, str] = {}
    first: Sequence[Span] = ()
    for spans in pattern.spans(held):
        first = first or spans
        for span in spans[1:]:
            if span[0] < 0:
                continue
            caught = data["Value"] = text_of(held, span)
            by_caught[caught] = made.run(data)
            if at == 0 or at < span[0]:
                out.append(text_of(held, (at, span[0])) + by_caught[caught])
                at = span[1]
    caught_first = {name: text_of(held, first[group]) for name, group in pattern.groupindex.items()}
    named = {name: by_caught[caught] for name, caught in caught_first.items() if caught in by_caught}
    return "".join(out) + text_of(held, (at, len(held))), named
