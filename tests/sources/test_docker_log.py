"""One container's log, asked for twice: behind what is written, and with what it broke off in. More: test_docker."""

import tempfile
from pathlib import Path

import pytest

from kit.docker_engine import FakeEngine
from kit.inboxes import MemoryInbox
from whodid.sources.backoff import Backoff
from whodid.sources.docker_api import Engine, EngineAway
from whodid.sources.docker_container import read_container
from whodid.sources.docker_log import ContainerLog


async def test_each_answer_goes_on_behind_what_is_written() -> None:
    with tempfile.TemporaryDirectory() as directory:  # a socket's path must be short
        async with FakeEngine(Path(directory) / "d.sock") as engine:
            box, inbox = engine.make("box"), MemoryInbox()
            asked = Engine(f"unix://{engine.socket}")
            log = ContainerLog(asked, read_container(box.inspect()), inbox, 1 << 20, print)
            for text in ("one", "two"):
                engine.say(box, text)
                engine.say(box, f"{text} and a half")
                await log.read(Backoff(), follow=False)
            engine.say(box, "three")
            engine.cut_after.append(40)
            with pytest.raises(EngineAway):
                await log.read(Backoff(), follow=False)
            await log.read(Backoff(), follow=False)
            await asked.close()
    assert inbox.lines == ["one", "one and a half", "two", "two and a half", "three"]
