"""`tenant`: sets the tenant, from an extracted value, a label or a fixed text. Empty ones change nothing.

Promtail carries it in the label `__tenant_id__` until the client sends; here it is a field of the entry.
"""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    label, source, value = settings.text("label"), settings.text("source"), settings.text("value")
    if sum(map(bool, (label, source, value))) != 1:
        raise settings.wrong("needs exactly one of label, source and value")

    def step(entry: PipelineEntry) -> bool:
        if source:
            found = as_text(entry.extracted.get(source))
        else:
            found = entry.labels.get(label) if label else value
        if found:
            entry.tenant = found
        return True

    return step
