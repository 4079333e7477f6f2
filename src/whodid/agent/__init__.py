"""The program that runs on every host: reads logs and ships them, nothing lost, nothing twice. Called by cli/.

Members: `settings` (what config/ fills in), `discover` (this machine's usual logs), `run` (the composition root).
"""

from whodid.agent.discover import discover
from whodid.agent.run import run_agent
from whodid.agent.settings import AgentSettings, SourceSettings

__all__ = ["AgentSettings", "SourceSettings", "discover", "run_agent"]
