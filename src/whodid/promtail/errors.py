"""The errors of this room: a pipeline, a relabelling or a promtail.yml that cannot be run."""

from whodid.errors import WhodidError


class PipelineError(WhodidError):
    """A stage or a rule cannot be run; the text names it (`pipeline_stages[2].json: …`) and says what to do."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message = place, message
