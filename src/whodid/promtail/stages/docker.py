"""`docker`: a line of Docker's json-file log: its text becomes the line, its time the instant, `stream` a label.

The same as four stages; a text keeps the line break that Docker put at its end. Source: Promtail's manual.
"""

from typing import Final

from whodid.promtail.stages.stage import Step, Tools

_STAGES: Final = (
    {"json": {"expressions": {"output": "log", "stream": "stream", "timestamp": "time"}}},
    {"labels": {"stream": None}},
    {"timestamp": {"source": "timestamp", "format": "RFC3339Nano"}},
    {"output": {"source": "output"}},
)


def make(given: object, place: str, tools: Tools) -> Step:
    return tools.chain(_STAGES, place).run
