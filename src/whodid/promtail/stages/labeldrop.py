"""`labeldrop`: takes labels away. Source: Promtail's manual."""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.settings import text_list
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    names = text_list(given or [], place)
    if not names:
        raise PipelineError(place, "needs a list of labels, such as `[filename]`")

    def step(entry: PipelineEntry) -> bool:
        for name in names:
            entry.labels.pop(name, None)
        return True

    return step
