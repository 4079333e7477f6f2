"""`template`: makes an extracted value of others by a Go template; `.Value` is the old one, `.Entry` the line.

An empty result takes the value away; a template that fails on a line changes nothing. Source: Promtail's manual.
"""

from whodid.promtail import template
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools
from whodid.templates.errors import TemplateError


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    source = settings.text("source")
    if not source:
        raise settings.wrong("needs a source, the name of the extracted value that is made")
    try:
        made = template.program(settings.text("template") or "")
    except TemplateError as error:
        raise settings.wrong(str(error), "template") from None
    counters = tools.counters

    def step(entry: PipelineEntry) -> bool:
        extracted = entry.extracted
        data = template.texts(extracted)
        if source in data:
            data["Value"] = data[source]
        data["Entry"] = entry.line
        try:
            text = made.run(data)
        except (TemplateError, RecursionError):
            counters.unread("template")
            return True
        if text:
            extracted[source] = text
        else:
            extracted.pop(source, None)
        return True

    return step
