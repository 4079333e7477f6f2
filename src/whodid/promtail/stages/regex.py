"""`regex`: named groups of an RE2 expression become extracted values; a group that took no part is empty.

Source: Promtail's manual, "regex" stage, and its behaviour.
"""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    pattern, source = settings.pattern("expression"), settings.source()
    if pattern is None or not settings.text("expression"):
        raise settings.wrong("needs an expression, such as `^(?P<time>\\S+) (?P<content>.*)$`")
    search, names, groups = pattern.search, tuple(pattern.groupindex), tuple(pattern.groupindex.values())

    if source is None:

        def of_line(entry: PipelineEntry) -> bool:
            found = search(entry.line, groups)
            if found is not None:
                entry.extracted.update(zip(names, found, strict=True))
            return True

        return of_line

    def of_source(entry: PipelineEntry) -> bool:
        text = as_text(entry.extracted.get(source))
        found = None if text is None else search(text, groups)
        if found is not None:
            entry.extracted.update(zip(names, found, strict=True))
        return True

    return of_source
