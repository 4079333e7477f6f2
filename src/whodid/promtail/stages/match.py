"""`match`: runs stages on the entries that a stream selector and its line filters choose, or drops these entries.

Its stages begin with the labels among the extracted values anew. Source: Promtail's manual; its little LogQL has the
four filters `|=`, `!=`, `|~`, `!~` and no more.
"""

from collections.abc import Callable, Sequence

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.selector import chooses
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Chain, Holder, Step, Tools


class _Chosen:
    """Stages that hold entries back, for the entries that are chosen."""

    def __init__(self, chosen: Callable[[PipelineEntry], bool], stages: Chain) -> None:
        self._chosen, self._stages = chosen, stages
        self.due_s, self.flush = stages.due_s, stages.flush

    def feed(self, entry: PipelineEntry) -> Sequence[PipelineEntry]:
        return self._stages.feed(entry) if self._chosen(entry) else (entry,)

    @property
    def held(self) -> int | None:
        return self._stages.held


def make(given: object, place: str, tools: Tools) -> Step | Holder:
    settings = Settings(given, place)
    action = settings.text("action") or "keep"
    if action not in ("keep", "drop"):
        raise settings.wrong(f"must be keep or drop, not {action!r}", "action")
    if settings.text("pipeline_name") == "":
        raise settings.wrong("may be left out, but not be empty", "pipeline_name")
    reason = settings.text("drop_counter_reason") or "match_stage"
    selector = settings.text("selector")
    if not selector:
        raise settings.wrong('needs a selector, such as `{job="nginx"} |= "error"`')
    stages = settings.raw("stages") or []
    if not isinstance(stages, Sequence) or isinstance(stages, str):
        raise settings.wrong("must be a list of stages", "stages")
    if bool(stages) is (action == "drop"):
        raise settings.wrong("drop takes no stages" if stages else "needs stages, or `action: drop`", "stages")
    try:
        chosen = chooses(selector)
    except ValueError as error:
        raise PipelineError(f"{place}.selector", f"{selector!r} cannot be read: {error}") from None
    if action == "drop":
        counters = tools.counters
        return lambda entry: not chosen(entry) or counters.drop(reason)
    inner = tools.chain(stages, f"{place}.stages")
    if inner.holds:
        return _Chosen(chosen, inner)
    run = inner.run
    return lambda entry: not chosen(entry) or run(entry)
