"""`pack`: puts the line and some extracted values into one JSON object, and takes the labels of these names away.

LogQL's `| unpack` opens it again. `ingest_timestamp`, on unless it is false, gives the entry the time of reading.
Source: Promtail's manual and behaviour.
"""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.json import as_json
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place, weak=True)
    names = sorted(set(settings.texts("labels") or []))
    stamps = settings.flag("ingest_timestamp") is not False

    def step(entry: PipelineEntry) -> bool:
        packed = {}
        for name in names:
            text = as_text(entry.extracted.get(name))
            if text is not None:
                packed[name] = text
                entry.labels.pop(name, None)
        entry.line = as_json({**packed, "_entry": entry.line})
        if stamps:
            entry.ns = None
        return True

    return step
