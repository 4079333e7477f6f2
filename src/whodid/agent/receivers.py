"""Which receivers a configuration asks for: one inlet for each source that is no file. An explicit list; see `make_inlets`.

How a receiver works is sources/, how it is kept at work `receiving.py`. Called by `run.py`.
"""

from collections.abc import Callable

from whodid.agent.receiving import Inlet
from whodid.agent.settings import AgentSettings
from whodid.model.clock import Clock


def make_inlets(settings: AgentSettings, clock: Clock, on_written: Callable[[], None]) -> list[Inlet]:
    """The inlets of an agent. `on_written` is called when an inbox has something new."""
    return []
