"""Parts for tests of the agent: a clock that stands still, a tiny format, settings for a temporary directory."""

import asyncio
from pathlib import Path

from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.formats.format import FormatSettings, Parsed
from whodid.model.clock import SECOND

EPOCH_S = 1_795_400_000


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ns(self) -> int:
        return EPOCH_S * SECOND + int(self.seconds * SECOND)

    def monotonic_s(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


class TinyFormat:
    """`<seconds> text`: states a whole second; lines that begin with a tab belong to the record before them."""

    def continues(self, line: str, record: str) -> bool:
        return line.startswith("\t")

    def parse(self, record: str) -> Parsed:
        stamp, blank, _ = record.partition(" ")
        if not blank or not stamp.isdecimal():  # half a line may hold half a stamp
            return Parsed(record, {}, None, False)
        return Parsed(record, {"stamp": stamp}, (EPOCH_S + int(stamp)) * SECOND)


def tiny_format(name: str, settings: FormatSettings) -> TinyFormat:
    return TinyFormat()


def agent_settings(root: Path, *patterns: str, server: str = "http://127.0.0.1:9", **more: object) -> AgentSettings:
    """Settings of an agent that follows `root/logs/<pattern>` as job `test` and keeps its state in `root/state`."""
    paths = tuple(str(root / "logs" / p) for p in patterns)
    source = SourceSettings("test", "tiny", paths)
    return AgentSettings(server, "here", root / "state", (source,), **more)  # type: ignore[arg-type]
