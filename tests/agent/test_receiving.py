"""Receivers are kept at work: begun again when they end or fail, and their inboxes swept."""

import asyncio
from pathlib import Path

from kit.agent_parts import StillClock
from whodid.agent.health import Health
from whodid.agent.inboxes import Inboxes
from whodid.agent.positions import Positions
from whodid.agent.receiving import Inlet, Receiving
from whodid.agent.settings import SourceSettings
from whodid.errors import WhodidError
from whodid.sources import receiver
from whodid.sources.receiver import Origin, Received


class Flaky:
    """Puts one record each time it is run, then fails in one way after the other."""

    def __init__(self) -> None:
        self.runs = 0
        self.enough = asyncio.Event()

    async def run(self, inbox_for: receiver.Inboxes) -> None:
        self.runs += 1
        await inbox_for(Origin("one")).put([Received(str(self.runs))])
        if self.runs == 1:
            return
        if self.runs == 2:
            raise WhodidError("the socket is gone")
        if self.runs == 3:
            raise ValueError("a bug")
        self.enough.set()
        await asyncio.Event().wait()


async def test_a_receiver_that_fails_is_begun_again(tmp_path: Path) -> None:
    clock, health, flaky = StillClock(), Health(), Flaky()
    inboxes = Inboxes(SourceSettings("syslog", "plain"), tmp_path, clock)
    receiving = Receiving([Inlet("syslog", flaky, inboxes)], clock, health)
    receiving.start()
    async with asyncio.timeout(20):
        await flaky.enough.wait()
    assert health.receivers == {"syslog": "receiving"}
    assert clock.seconds == 1 + 2 + 4  # with a growing wait
    assert len((tmp_path / "one/inbox.log").read_text().splitlines()) == 4
    (find,) = receiving.found
    assert [source.paths for source in find()] == [(str(tmp_path / "one/inbox.log"),)]
    await receiving.close()


async def test_what_is_not_sent_stays(tmp_path: Path) -> None:
    clock = StillClock()
    inboxes = Inboxes(SourceSettings("syslog", "plain"), tmp_path / "in", clock)
    inbox = inboxes(Origin("one"))
    await inbox.put([Received("a")])
    inbox.finish()
    receiving = Receiving([Inlet("syslog", Flaky(), inboxes)], clock, Health())
    receiving.sweep(Positions(tmp_path / "state", 0, sync=lambda fd: None))
    assert (tmp_path / "in/one/inbox.log").exists()
    await receiving.close()
