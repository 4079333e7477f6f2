"""`labelallow`: keeps these labels and takes all others away. Source: Promtail's manual."""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.settings import text_list
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    names = frozenset(text_list(given or [], place))
    if not names:
        raise PipelineError(place, "needs a list of labels, such as `[job, level]`")

    def step(entry: PipelineEntry) -> bool:
        entry.labels = {name: value for name, value in entry.labels.items() if name in names}
        return True

    return step
