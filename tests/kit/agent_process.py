"""The agent as a process of its own, for tests that kill it: `agent_process.py ROOT SERVER [ENTRIES OF A PUSH]`."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from whodid.agent.run import run_agent
from whodid.model.clock import SystemClock

sys.path.insert(0, str(Path(__file__).parents[1]))
from kit.agent_parts import agent_settings, tiny_format


async def main(root: Path, server: str, entries: int = 50) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = agent_settings(root, "*.log", server=server, max_batch_entries=entries)
    await run_agent(settings, SystemClock(), stop, tiny_format)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
