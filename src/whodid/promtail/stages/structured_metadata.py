"""`structured_metadata` (once `non_indexed_labels`): extracted values become structured metadata. A label whose name is
among the sources is moved there, too.

Source: Promtail's manual and behaviour.
"""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text, is_utf8
from whodid.promtail.stages.labels import label_sources
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    sources = label_sources(given, place)
    tools.metadata_names.update(name for name, _ in sources)

    def step(entry: PipelineEntry) -> bool:
        extracted, labels, metadata = entry.extracted, entry.labels, entry.metadata
        for name, source in sources:
            text = as_text(extracted.get(source))
            if text is not None and is_utf8(text):
                metadata[name] = text
        for name, source in sources:
            if source in labels:
                metadata[name] = labels[source]
        for _, source in sources:
            labels.pop(source, None)
        return True

    return step
