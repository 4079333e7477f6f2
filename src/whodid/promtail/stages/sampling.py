"""`sampling`: keeps a share of the entries, chosen at random. Source: Promtail's manual."""

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place, weak=True)
    rate = settings.number("rate") or 0.0
    reason = settings.text("drop_counter_reason") or "sampling_stage"
    if not 0.0 <= rate <= 1.0:
        raise settings.wrong(f"must be between 0 and 1, not {rate}", "rate")
    counters, random = tools.counters, tools.random

    def step(entry: PipelineEntry) -> bool:
        return random() < rate or counters.drop(reason)

    return step
