"""Promtail's configuration: its pipelines, its relabelling, its promtail.yml. The agent runs them as they are.

pipeline.py runs stages over entries, relabel.py rules over labels; config.py reads a promtail.yml, convert.py writes
what it means as whodid.yml, positions.py reads where Promtail stood. Nothing here reads a log file or speaks to a
server.
"""

from whodid.promtail.counters import Counters
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.pipeline import Pipeline
from whodid.promtail.relabel import Relabel

__all__ = ["Counters", "Pipeline", "PipelineEntry", "PipelineError", "Relabel"]
