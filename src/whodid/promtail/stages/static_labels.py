"""`static_labels`: labels with fixed values; one without a value is left out.

Names may hold any sign, as in Promtail 3.6 (Loki takes a name with a dash from nobody). Source: Promtail's behaviour.
"""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.go_values import is_utf8
from whodid.promtail.settings import text_map
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    if given is None:
        raise PipelineError(place, "needs labels, such as `team: shop`")
    fixed = text_map(given, place)
    if "" in fixed or not all(map(is_utf8, fixed)):
        raise PipelineError(place, "a label needs a name")
    labels = {name: value for name, value in fixed.items() if value and is_utf8(value)}

    def step(entry: PipelineEntry) -> bool:
        entry.labels.update(labels)
        return True

    return step
