"""`labels`: extracted values become labels. One that is missing, null or no UTF-8 leaves the label as it was.

Source: Promtail's manual and behaviour.
"""

from whodid.model.labels import LABEL_NAME
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.go_values import as_text, is_utf8
from whodid.promtail.settings import text_map
from whodid.promtail.stages.stage import Step, Tools


def make(given: object, place: str, tools: Tools) -> Step:
    sources = label_sources(given, place)

    def step(entry: PipelineEntry) -> bool:
        extracted, labels = entry.extracted, entry.labels
        for name, source in sources:
            value = extracted.get(source)
            text = value if isinstance(value, str) else as_text(value)
            if text is not None and (text.isascii() or is_utf8(text)):
                labels[name] = text
        return True

    return step


def label_sources(given: object, place: str) -> list[tuple[str, str]]:
    """Names of labels with the extracted value of each; without one it is that of the label's own name."""
    if given is None:
        raise PipelineError(place, "needs names, such as `level:` or `level: severity`")
    wanted = text_map(given, place)
    for name in wanted:
        if not LABEL_NAME.fullmatch(name):
            raise PipelineError(place, f"{name!r} is no label name ([a-zA-Z_][a-zA-Z0-9_]*)")
    return [(name, source or name) for name, source in wanted.items()]
