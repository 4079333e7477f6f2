"""`output`: an extracted value becomes the line. Source: Promtail's manual."""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    source = settings.text("source")
    if not source:
        raise settings.wrong("needs a source, the name of the extracted value that becomes the line")

    def step(entry: PipelineEntry) -> bool:
        text = as_text(entry.extracted.get(source))
        if text is not None:
            entry.line = text
        return True

    return step
