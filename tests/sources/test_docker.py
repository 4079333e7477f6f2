"""Docker over its API, against a fake engine: every line once, whatever breaks; short lives; events; what is said."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.docker_engine import BEGIN_NS, FakeContainer, FakeEngine
from kit.inboxes import Inboxes, MemoryInbox, wait_for
from kit.stepped_clock import SteppedClock
from whodid.model.clock import SECOND, SystemClock
from whodid.sources import resume
from whodid.sources.docker import EVENTS_KEY, DockerReceiver, DockerSettings
from whodid.sources.docker_container import Filter

FORMATS = ("plain", "postgres", "nginx_access", "nginx_error", "backend")


class EngineClock(SystemClock):
    """Waits briefly, and lives when the fake engine does."""

    def now_ns(self) -> int:
        return BEGIN_NS

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    with tempfile.TemporaryDirectory() as directory:  # a socket's path must be short
        async with FakeEngine(Path(directory) / "d.sock") as engine:
            yield engine


@asynccontextmanager
async def running(engine: FakeEngine, inboxes: Inboxes, clock: Any = None, **more: Any) -> Any:
    source = DockerReceiver(DockerSettings(host=f"unix://{engine.socket}", **more), clock or EngineClock(), FORMATS)
    task = asyncio.create_task(source.run(inboxes))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def inbox_of(inboxes: Inboxes, container: FakeContainer) -> MemoryInbox:
    return inboxes.by_key.get(container.id[:32], MemoryInbox())


def lines_of(inboxes: Inboxes, container: FakeContainer) -> list[str]:
    return inbox_of(inboxes, container).lines


async def test_a_log_with_labels_streams_and_instants(engine: FakeEngine) -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "db", "team.a": "x"}
    db = engine.make("shop-db-1", image="postgres:15-alpine", labels=labels)
    engine.start_container(db)
    engine.say(db, "first")
    inboxes = Inboxes()
    async with running(engine, inboxes):
        await wait_for(lambda: len(lines_of(inboxes, db)) == 1, "the first line")
        engine.say(db, "second", "stderr")
        await wait_for(lambda: len(lines_of(inboxes, db)) == 2, "the second line")
    first, second = inbox_of(inboxes, db).records
    assert (first.line, first.ns, first.labels) == ("first", db.log[0].ns, {"stream": "stdout"})
    assert (second.line, second.labels) == ("second", {"stream": "stderr"})
    assert second.discovered == {"__meta_docker_container_log_stream": "stderr"}
    origin = inboxes.origins[db.id[:32]]
    assert origin.labels == {
        "container": "shop-db-1",
        "image": "postgres:15-alpine",
        "compose_project": "shop",
        "compose_service": "db",
    }
    assert (origin.format, origin.line_prefix, origin.timezone) == ("postgres", "%m [%p] ", "UTC")
    assert origin.discovered["__meta_docker_container_name"] == "/shop-db-1"
    assert origin.discovered["__meta_docker_container_label_team_a"] == "x"
    assert origin.discovered["__meta_docker_network_name"] == "shop_default"


STEP = st.tuples(st.sampled_from(["say", "say", "say", "long", "back", "drop", "restart", "agent", "cut", "stop"]),
                 st.booleans())  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=40), st.booleans(), st.booleans(), st.integers(0, 99))
def test_every_line_once_whatever_breaks(
    steps: list[tuple[str, bool]], terminal: bool, filters_by_clock: bool, seed: int
) -> None:
    resume._FEW, before = 2, resume._FEW
    try:
        asyncio.run(play(steps, terminal, filters_by_clock, seed))
    finally:
        resume._FEW = before


async def play(steps: list[tuple[str, bool]], terminal: bool, filters_by_clock: bool, seed: int) -> None:
    """A story: lines, and in between connections, the daemon, the agent and the container break."""
    inboxes, expected = Inboxes(), []
    with tempfile.TemporaryDirectory() as directory:
        async with FakeEngine(Path(directory) / "d.sock", seed, most_chunk=40 + seed * 50) as engine:
            engine.filters_by_clock = filters_by_clock
            box = engine.make("box", terminal=terminal)
            engine.start_container(box)
            agent = await _start(engine, inboxes)
            for what, err in steps:
                stream = "stderr" if err and not terminal else "stdout"
                if what in ("say", "long", "back"):
                    if not box.running:  # what has ended says nothing
                        engine.start_container(box)
                    text = f"line {len(expected)} " + "ä" * (20_000 if what == "long" else 5)
                    expected.append(text)
                    engine.tick(300_000_000)
                    # Two hands stamp: one line may be a little older than the one before it.
                    back = engine.tick() - 700_000_000 if what == "back" else None
                    engine.say(box, text, stream, None if back is None else max(BEGIN_NS, back))
                elif what == "drop":
                    engine.drop_connections()
                elif what == "cut":
                    engine.cut_after += [300, 20]
                    engine.drop_connections()
                elif what == "restart":
                    await engine.stop()
                    await engine.start()
                elif what == "agent":
                    agent.cancel()
                    await asyncio.gather(agent, return_exceptions=True)
                    agent = await _start(engine, inboxes)
                elif box.running:
                    engine.end_container(box)
                else:
                    engine.start_container(box)
                if err:
                    await asyncio.sleep(0.003)
            engine.cut_after.clear()
            await wait_for(lambda: len(lines_of(inboxes, box)) >= len(expected), "all lines")
            await asyncio.sleep(0.05)
            agent.cancel()
            await asyncio.gather(agent, return_exceptions=True)
    assert lines_of(inboxes, box) == expected


async def _start(engine: FakeEngine, inboxes: Inboxes) -> asyncio.Task[None]:
    source = DockerReceiver(DockerSettings(host=f"unix://{engine.socket}", events=False), EngineClock(), FORMATS)
    return asyncio.create_task(source.run(inboxes))


async def test_a_container_that_starts_and_ends_between_two_looks(engine: FakeEngine) -> None:
    inboxes = Inboxes()
    clock = SteppedClock(BEGIN_NS)  # no second look ever comes
    async with running(engine, inboxes, clock):
        await wait_for(lambda: any("/events" in one for one in engine.requests), "the agent listens")
        job = engine.make("job-1")
        engine.start_container(job)
        for n in range(5):
            engine.say(job, f"line {n}")
        engine.end_container(job)
        await wait_for(lambda: len(lines_of(inboxes, job)) == 5, "its lines")
        engine.remove(job)
        await wait_for(lambda: inbox_of(inboxes, job).finished, "the end of its inbox")
    assert lines_of(inboxes, job) == [f"line {n}" for n in range(5)]


async def test_the_first_start_begins_at_a_second_of_somebody_else(engine: FakeEngine) -> None:
    db = engine.make("db")
    engine.start_container(db)
    for second in range(4):
        engine.say(db, f"line {second}", ns=BEGIN_NS + second * SECOND + 5)
    inboxes, begins = Inboxes(), {db.id: BEGIN_NS // SECOND + 2}
    settings = DockerSettings(host=f"unix://{engine.socket}")
    for _ in range(2):
        source = DockerReceiver(settings, EngineClock(), FORMATS, begins=begins)
        task = asyncio.create_task(source.run(inboxes))
        await wait_for(lambda: lines_of(inboxes, db), "the lines")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert lines_of(inboxes, db) == ["line 2", "line 3"]


async def test_a_container_that_ended_while_the_agent_was_away(engine: FakeEngine) -> None:
    job = engine.make("job-2")
    engine.say(job, "was here")
    inboxes = Inboxes()
    for _ in range(2):
        async with running(engine, inboxes):
            await wait_for(lambda: lines_of(inboxes, job), "its line")
            await wait_for(lambda: any("follow=0" in one for one in engine.requests), "it is read to the end")
        engine.requests.clear()
    assert lines_of(inboxes, job) == ["was here"]


async def test_events_are_records(engine: FakeEngine) -> None:
    inboxes = Inboxes()
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"}
    db = engine.make("shop-db-1", image="postgres:15", labels=labels)
    async with running(engine, inboxes):
        await wait_for(lambda: any("/events" in one for one in engine.requests), "the agent listens")
        engine.start_container(db)
        engine.happen(db, "exec_create: psql -U postgres shop", execID="e1")
        engine.happen(db, "exec_start: psql -U postgres shop", execID="e1")
        engine.happen(db, "kill", signal="9")
        engine.end_container(db, 137)
        engine.happen(db, "health_status: unhealthy")
        engine.happen(db, "rename", oldName="/shop-db-0")
        await wait_for(lambda: len(inboxes.lines(EVENTS_KEY)) == 7, "the events")
    records = inboxes.by_key[EVENTS_KEY].records
    known = {"container": "shop-db-1", "image": "postgres:15"}
    assert [record.attributes for record in records] == [
        {"operation": "start", **known},
        {"operation": "exec_create", "command": "psql -U postgres shop", "exec": "e1", **known},
        {"operation": "exec_start", "command": "psql -U postgres shop", "exec": "e1", **known},
        {"operation": "kill", "signal": "9", **known},
        {"operation": "die", "exit_code": "137", "outcome": "failed", **known},
        {"operation": "health_status", "message": "unhealthy", "outcome": "failed", **known},
        {"operation": "rename", "previous": "shop-db-0", **known},
    ]
    assert records[0].labels == {
        "stream": "events",
        "container": "shop-db-1",
        "compose_project": "shop",
        "compose_service": "db",
    }
    assert records[0].ns == engine.events[0]["timeNano"]
    assert '"Action"' in records[0].line


async def test_events_while_the_agent_was_away_come_once(engine: FakeEngine, caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    box = engine.make("box")
    for round in range(4):
        async with running(engine, inboxes):
            await wait_for(lambda: len(inboxes.lines(EVENTS_KEY)) == round * 2, "what was")  # noqa: B023
            await wait_for(lambda: any("/events" in one for one in engine.requests), "the agent listens")
            engine.happen(box, "pause")
            await wait_for(lambda: len(inboxes.lines(EVENTS_KEY)) == round * 2 + 1, "the event")  # noqa: B023
            engine.drop_connections()
        engine.requests.clear()
        engine.happen(box, "unpause")
    assert len(set(inboxes.lines(EVENTS_KEY))) == len(inboxes.lines(EVENTS_KEY)) == 7
    assert "remembers no event" not in caplog.text
    await engine.stop()
    await engine.start()
    async with running(engine, inboxes):
        await wait_for(lambda: any("/events" in one for one in engine.requests), "the agent listens")
        engine.happen(box, "pause")
        await wait_for(lambda: "remembers no event between" in caplog.text, "the gap is told")


async def test_filters_hold_for_the_list_and_for_events(engine: FakeEngine) -> None:
    wanted, other = engine.make("shop-web"), engine.make("other")
    for container in (wanted, other):
        engine.start_container(container)
        engine.say(container, "hello")
    inboxes = Inboxes()
    async with running(engine, inboxes, filters=(Filter("name", ("shop",)),)):
        await wait_for(lambda: lines_of(inboxes, wanted), "the wanted one")
        late, later = engine.make("other-2"), engine.make("shop-2")
        for container in (late, later):
            engine.say(container, "hello")
            engine.start_container(container)
        await wait_for(lambda: lines_of(inboxes, later), "the wanted one that came later")
    assert lines_of(inboxes, other) == lines_of(inboxes, late) == []


async def test_a_full_inbox_holds_only_its_own_container_back(engine: FakeEngine) -> None:
    loud, quiet = engine.make("loud"), engine.make("quiet")
    inboxes = Inboxes()
    for container in (loud, quiet):
        engine.start_container(container)
        engine.say(container, "0")
    async with running(engine, inboxes):
        await wait_for(lambda: lines_of(inboxes, loud) and lines_of(inboxes, quiet), "both")
        inbox_of(inboxes, loud).room.clear()
        for n in range(1, 50):
            engine.say(loud, str(n))
            engine.say(quiet, str(n))
        await wait_for(lambda: len(lines_of(inboxes, quiet)) == 50, "the quiet one")
        assert len(lines_of(inboxes, loud)) == 1
        inbox_of(inboxes, loud).room.set()
        await wait_for(lambda: len(lines_of(inboxes, loud)) == 50, "the loud one")


async def test_a_log_that_cannot_be_read_or_is_read_elsewhere(
    engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engine.start_container(engine.make("syslogger", driver="syslog", readable=False))
    engine.start_container(engine.make("silent", driver="none"))
    engine.start_container(engine.make("on-disk"))
    local = engine.make("on-local", driver="local")
    engine.start_container(local)
    engine.say(local, "hello")
    source = DockerReceiver(
        DockerSettings(host=f"unix://{engine.socket}"), EngineClock(), FORMATS, is_followed=lambda id: True
    )
    inboxes = Inboxes()
    task = asyncio.create_task(source.run(inboxes))
    told = ["does not support reading", "keeps no log", "container on-disk is read from the disk"]
    await wait_for(lambda: all(one in caplog.text for one in told), "what is said")
    await wait_for(lambda: lines_of(inboxes, local), "the log that is not on the disk as json")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert caplog.text.count("does not support reading") == 1
    assert "container on-local is read through Docker's API" in caplog.text


async def test_without_docker_it_waits_and_says_so_once(engine: FakeEngine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await engine.stop()
    box = engine.make("box")
    engine.say(box, "hello")
    inboxes = Inboxes()
    async with running(engine, inboxes):
        await wait_for(lambda: "there is no socket" in caplog.text, "the message")
        await asyncio.sleep(0.2)
        assert caplog.text.count("there is no socket") == 1
        await engine.start()
        await wait_for(lambda: lines_of(inboxes, box), "the line")
    assert f"Docker at unix://{engine.socket} answers" in caplog.text


async def test_who_may_not_ask_is_told_what_to_do(
    engine: FakeEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.stop()
    engine.socket.touch()  # refuses connections, as a socket does that one may not use
    monkeypatch.setattr(os, "access", lambda *_: False)
    async with running(engine, Inboxes()):
        await wait_for(lambda: "group docker" in caplog.text, "the message")
    assert "can become root" in caplog.text
    engine.socket.unlink()


async def test_what_is_no_docker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    source = DockerReceiver(DockerSettings(host=f"tcp://{host}:{port}"), EngineClock(), FORMATS)
    task = asyncio.create_task(source.run(Inboxes()))
    await wait_for(lambda: "is it Docker?" in caplog.text, "the message")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    await server.wait_closed()


async def test_what_is_still_there_is_said_whatever_the_filters_leave(engine: FakeEngine) -> None:
    """So that what a container that was destroyed meanwhile has left can be finished."""
    box, other = engine.make("box"), engine.make("other")
    engine.start_container(box)
    engine.say(box, "line")
    inboxes = Inboxes()
    async with running(engine, inboxes, filters=(Filter("name", ("box",)),)):
        await wait_for(lambda: lines_of(inboxes, box) == ["line"], "the line")
    assert inboxes.kept == {EVENTS_KEY, box.id[:32], other.id[:32]}
    assert other.id[:32] not in inboxes.by_key


async def test_nothing_is_finished_while_the_engine_is_away(engine: FakeEngine, caplog: Any) -> None:
    await engine.stop()
    inboxes = Inboxes()
    async with running(engine, inboxes):
        await wait_for(lambda: "waiting for Docker" in caplog.text, "the message")
    assert inboxes.kept is None
    await engine.start()


async def test_a_container_destroyed_while_nobody_heard_is_finished(engine: FakeEngine) -> None:
    """It had ended and was read before; then the connection broke, and the engine forgot what happened."""
    box = engine.make("box")
    engine.start_container(box)
    engine.say(box, "last words")
    inboxes = Inboxes()
    async with running(engine, inboxes):
        await wait_for(lambda: lines_of(inboxes, box) == ["last words"], "the line")
        engine.end_container(box)
        asked = f"/containers/{box.id}/json"
        await wait_for(lambda: engine.requests.count(asked) == 2, "its end was seen")
        await engine.stop()
        del engine.containers[box.id]
        assert not inbox_of(inboxes, box).finished
        await engine.start()
        await wait_for(lambda: inbox_of(inboxes, box).finished, "the end of its inbox")


async def test_a_line_rotated_away_is_no_obstacle(engine: FakeEngine) -> None:
    box = engine.make("box")
    engine.start_container(box)
    inboxes = Inboxes()
    for n in range(20):
        engine.say(box, f"line {n}")
    async with running(engine, inboxes):
        await wait_for(lambda: len(lines_of(inboxes, box)) == 20, "the first lines")
    for n in range(20, 40):
        engine.say(box, f"line {n}")
    del box.log[:25]  # max-size, max-file: what was not read yet is partly gone
    async with running(engine, inboxes):
        await wait_for(lambda: len(lines_of(inboxes, box)) == 35, "the rest")
    assert lines_of(inboxes, box) == [f"line {n}" for n in [*range(20), *range(25, 40)]]


def test_the_clock_of_this_test_lives_with_the_engine() -> None:
    assert EngineClock().now_ns() == 1_795_415_555 * SECOND
