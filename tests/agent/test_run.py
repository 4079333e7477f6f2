"""The whole agent against a real HTTP listener: ships, waits, resumes, is refused, is killed."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import kit.agent_process
from kit.agent_parts import agent_settings, tiny_format
from kit.agent_sink import PushStore, Sink
from kit.processes import wait_until
from whodid.agent.positions import Positions
from whodid.agent.pump import WINDOW, Pump
from whodid.agent.run import TOKEN_VARIABLE, TokenUnreadable, read_token, run_agent
from whodid.agent.settings import AgentSettings
from whodid.model.clock import SystemClock


@contextlib.asynccontextmanager
async def running(settings: AgentSettings) -> AsyncIterator[asyncio.Event]:
    """An agent for as long as the block lasts; then it stops gracefully."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_agent(settings, SystemClock(), stop, tiny_format))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def holds(count: int):  # type: ignore[no-untyped-def]
    def enough(store: PushStore) -> bool:
        return len(store.entries) >= count

    return enough


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "app.log"


def append(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


async def test_ships_what_is_there_and_what_comes(log: Path) -> None:
    append(log, "1 one", "1 one", "\tmore of it")
    with Sink() as sink:
        async with running(agent_settings(log.parents[1], "*.log", server=sink.url)):
            await asyncio.to_thread(sink.store.wait_for, holds(2))
            begin = time.monotonic()
            append(log, "2 two")
            await asyncio.to_thread(sink.store.wait_for, holds(3))
            took_s = time.monotonic() - begin
        assert sink.store.lines() == ["1 one", "1 one\n\tmore of it", "2 two"]
        assert took_s < 1.0
        labels = {labels for labels, _ in sink.store.entries}
        assert labels == {f'{{filename="{log}", host="here", job="test"}}'}
        assert sink.store.headers[0]["path"] == "/loki/api/v1/push"


async def test_goes_on_after_a_restart(log: Path) -> None:
    settings = agent_settings(log.parents[1], "*.log")
    with Sink() as sink:
        settings = agent_settings(log.parents[1], "*.log", server=sink.url)
        for number in range(3):
            append(log, f"{number} a", f"{number} b")
            async with running(settings):
                await asyncio.to_thread(sink.store.wait_for, holds(2 * number + 2))
        assert sink.store.lines() == ["0 a", "0 b", "1 a", "1 b", "2 a", "2 b"]
        assert len(set(sink.store.keys)) == len(sink.store.keys)


async def test_waits_for_a_server_that_is_away(log: Path) -> None:
    append(log, "1 a")
    with Sink(lambda attempt: 503 if attempt < 3 else None) as sink:
        async with running(agent_settings(log.parents[1], "*.log", server=sink.url)):
            await asyncio.to_thread(sink.store.wait_for, holds(1))
        assert sink.attempts == 3
    assert sink.store.lines() == ["1 a"]


async def test_stops_in_time_when_the_server_never_answers_well(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whodid.agent.run.STOP_GRACE_S", 0.2)
    append(log, "1 a")
    with Sink(lambda attempt: 500) as sink:
        settings = agent_settings(log.parents[1], "*.log", server=sink.url)
        async with running(settings):
            await asyncio.to_thread(sink.wait_for_attempt)
    (flight,) = Positions(settings.state_dir, 0).in_flight
    assert flight.batch.entries == 1


async def test_what_is_on_its_way_goes_on_while_files_are_looked_for(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look may take long: it unpacks what was compressed meanwhile."""
    append(log, "1 a")
    settings = agent_settings(log.parents[1], "*.log", server="http://127.0.0.1:1")
    async with running(settings):
        await asyncio.to_thread(wait_until, lambda: any(settings.state_dir.glob("in-flight/*.batch")), "a push", 10)
        monkeypatch.setattr("whodid.agent.run.STOP_GRACE_S", 0.01)
    look = Pump.look
    with Sink() as sink:

        def slowly(pump: Pump) -> None:
            sink.store.wait_for(holds(1))
            look(pump)

        monkeypatch.setattr(Pump, "look", slowly)
        async with running(agent_settings(log.parents[1], "*.log", server=sink.url)):
            await asyncio.to_thread(sink.store.wait_for, holds(1))
    assert sink.store.lines() == ["1 a"]


async def test_refused_lines_are_kept_and_the_next_go_on(log: Path) -> None:
    append(log, "1 refused")
    with Sink(lambda attempt: 400 if attempt == 1 else None) as sink:
        settings = agent_settings(log.parents[1], "*.log", server=sink.url)
        async with running(settings):
            await asyncio.to_thread(sink.wait_for_attempt)
            append(log, "2 taken")
            await asyncio.to_thread(sink.store.wait_for, holds(1))
    assert sink.store.lines() == ["2 taken"]
    (report,) = (settings.state_dir / "refused").glob("*.json")
    assert [line["line"] for line in json.loads(report.read_text())["lines"]] == ["1 refused"]


async def test_more_than_one_batch_and_file(log: Path) -> None:
    names = [f"{n}.log" for n in range(3)]
    for name in names:
        append(log.with_name(name), *(f"{i} {name} {i}" for i in range(700)))
    with Sink() as sink:
        async with running(agent_settings(log.parents[1], "*.log", server=sink.url, max_batch_entries=100)):
            await asyncio.to_thread(sink.store.wait_for, holds(2100))
        for name in names:
            mine = [line for line in sink.store.lines_by_instant() if name in line]
            assert mine == [f"{i} {name} {i}" for i in range(700)]


def test_killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice(log: Path) -> None:
    """A real process, a writer that never pauses, kill -9 at arbitrary moments, and two pushes on their way."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    written: list[str] = []
    done = threading.Event()

    def write_five() -> None:
        lines = [f"{len(written) + i} line {len(written) + i}" for i in range(5)]
        append(log, *lines)
        written.extend(lines)

    def write() -> None:
        while not done.wait(0.002):
            write_five()
            if len(written) % 1500 == 0:
                log.rename(log.with_name(f"app.log.{len(written)}"))

    def start(sink: Sink) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(kit.agent_process.__file__), str(log.parents[1]), sink.url]
        return subprocess.Popen(command, env=environment)

    def dawdle(attempt: int) -> None:
        time.sleep(0.03)  # so that lines come faster than they are taken

    with Sink(dawdle) as sink:
        writer = threading.Thread(target=write)
        write_five()
        agent = start(sink)
        try:
            sink.store.wait_for(holds(5), 60)  # a file rotated before any agent has seen it is nobody's to read
            writer.start()
            for _ in range(4):
                goal = len(sink.store.entries) + 120
                sink.store.wait_for(holds(goal), 60)
                agent.kill()
                agent.wait()
                agent = start(sink)
            done.set()
            writer.join()
            append(log, "999999 the last line")
            sink.store.wait_for(lambda store: store.lines_by_instant()[-1:] == ["999999 the last line"], 60)
            sink.store.wait_for(holds(len(written) + 1), 60)
        finally:
            done.set()
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(60) == 0
        assert sink.store.lines_by_instant() == [*written, "999999 the last line"]
        assert sink.most_at_once == WINDOW


def test_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN_VARIABLE, "from-env")
    assert read_token(None) == "from-env"
    (tmp_path / "token").write_text("from-file\n")
    assert read_token(tmp_path / "token") == "from-file"
    with pytest.raises(TokenUnreadable, match="absent"):
        read_token(tmp_path / "absent")
