"""Docker through its API: the log of every container, and what happens to them. Called by the agent.

Containers are found by listing them, now and then, and by the engine's events at once: one that ends between two looks
is read like any other. A log (docker_log.py) is followed while its container runs, and read to its end when that ended.
A container whose json-file log is followed on the disk (docker_files.py) is left to that.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from whodid.model.clock import SECOND, Clock, format_rfc3339
from whodid.sources.backoff import Backoff
from whodid.sources.behind import WriteBehind
from whodid.sources.docker_api import DEFAULT_HOST, Engine, EngineAway, EngineRefused
from whodid.sources.docker_container import Filter, inbox_key, read_container
from whodid.sources.docker_events import Event, EventReader
from whodid.sources.docker_log import ContainerLog
from whodid.sources.receiver import Inbox, Inboxes, Origin
from whodid.sources.resume import Resume

EVENTS_KEY: Final = "docker-events"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """Docker as a source; names as in `docker_sd_configs`."""

    host: str = DEFAULT_HOST
    """Address of the engine: `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`."""
    refresh_interval_ns: int = 60 * SECOND
    """How often containers are listed; their events are heard at once."""
    filters: tuple[Filter, ...] = ()
    """Which containers: `name` and `values` of each filter, as `docker ps --filter` has them. None: all."""
    files: bool = True
    """Whether logs are read from the disk where they may be (driver json-file, the agent is root): it costs less."""
    directory: str = "/var/lib/docker"
    """Where the engine keeps its containers."""
    events: bool = True
    """Whether what happens to containers (start, exec, die, kill …) is recorded."""
    max_line_bytes: int = 1 << 20
    """Longer lines are cut, with a mark that says so."""


class DockerReceiver:
    """One engine. `known_formats`: those that may be suggested; `is_followed`: whether somebody else has a container's
    log, by its id; `begins`: from which second on logs are read of which nothing is written yet, by id."""

    def __init__(
        self,
        settings: DockerSettings,
        clock: Clock,
        known_formats: Sequence[str] = (),
        is_followed: Callable[[str], bool] = lambda _: False,
        begins: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._known_formats = tuple(known_formats)
        self._is_followed = is_followed
        self._begins = begins
        self._engine = Engine(settings.host)
        self._look = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()  # started once more while its log was still being read
        self._read: set[str] = set()  # ended, and read to the end
        self._inboxes: dict[str, Inbox] = {}
        self._told: set[str] = set()  # problems are said once
        self._away = False

    async def run(self, inbox_for: Inboxes) -> None:
        self._engine = Engine(self._settings.host)
        events = asyncio.create_task(self._hear_events(inbox_for))
        try:
            await self._keep_looking(inbox_for)
        finally:
            tasks = [events, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.clear()
            self._read.clear()
            await self._engine.close()

    async def _keep_looking(self, inbox_for: Inboxes) -> None:
        backoff = Backoff()
        while True:
            try:
                found = await self._list(inbox_for)
            except (EngineAway, EngineRefused) as e:
                self._tell_away(e)
                await self._clock.sleep(backoff.next_s())
                continue
            self._tell_back()
            backoff.reset()
            for id, runs in found.items():
                if runs or id not in self._read:
                    self._attach(id, inbox_for)
            await self._pause()

    async def _list(self, inbox_for: Inboxes) -> dict[str, bool]:
        """The containers that are wanted. Lets go of those that were destroyed while nobody heard of it: before this
        run, or while there were no events to be had. That a filter leaves one out does not mean that it is gone."""
        idle = self._inboxes.keys() - self._tasks.keys()  # looked at before: what is made meanwhile is not listed
        there = await self._engine.containers(())
        inbox_for.keep({EVENTS_KEY, *map(inbox_key, there)})
        for id in idle - there.keys() - self._tasks.keys():
            self._inboxes.pop(id).finish()
        return await self._engine.containers(self._settings.filters) if self._settings.filters else there

    async def _pause(self) -> None:
        """Until the next look is due, or wanted."""
        waits = [
            asyncio.ensure_future(self._look.wait()),
            asyncio.ensure_future(self._clock.sleep(self._settings.refresh_interval_ns / SECOND)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._look.clear()

    async def _hear_events(self, inbox_for: Inboxes) -> None:
        """Records events, and attends to containers that start."""
        inbox = inbox_for(Origin(EVENTS_KEY, format="plain")) if self._settings.events else None
        begin_ns = self._clock.now_ns()
        backoff = Backoff()
        while True:
            behind = WriteBehind(inbox) if inbox else None
            place = Resume(inbox.cursor() if inbox else "", begin_ns)
            try:
                async with self._engine.events(place.since_ns) as chunks:
                    reader, first = EventReader(), True
                    async for data in chunks:
                        backoff.reset()
                        for event in reader.feed(data):
                            if not place.is_new(event.ns):
                                continue
                            if first and place.newest_before_ns and not place.known_seen:
                                self._tell_gap(place.newest_before_ns, event.ns)
                            first = False
                            if behind:
                                await behind.put([event.record(place.cursor)])
                            await self._heed(event, inbox_for)
                    if behind:
                        await behind.flush()
            except (EngineAway, EngineRefused) as e:
                self._tell_away(e)
                if behind:
                    await behind.flush()
            finally:
                if behind:
                    await behind.close()
            await self._clock.sleep(backoff.next_s())
            self._read.clear()  # what started and ended meanwhile may have been missed: all are looked at again
            self._look.set()

    async def _heed(self, event: Event, inbox_for: Inboxes) -> None:
        if event.operation in ("start", "restart", "unpause"):
            self._read.discard(event.id)
            if await self._is_wanted(event.id):
                self._attach(event.id, inbox_for, again=True)
        elif event.operation == "destroy" and event.id not in self._tasks and event.id in self._inboxes:
            self._inboxes.pop(event.id).finish()

    async def _is_wanted(self, id: str) -> bool:
        if not self._settings.filters:
            return True
        try:
            return bool(await self._engine.containers((*self._settings.filters, Filter("id", (id,)))))
        except (EngineAway, EngineRefused) as e:
            self._tell_away(e)
            return False  # the next look will find it

    def _attach(self, id: str, inbox_for: Inboxes, *, again: bool = False) -> None:
        """Begins to read a container's log, if nobody does."""
        if id in self._tasks:
            if again:
                self._again.add(id)
            return
        task = self._tasks[id] = asyncio.create_task(self._attend(id, inbox_for))
        task.add_done_callback(lambda _: self._tasks.pop(id, None))

    async def _attend(self, id: str, inbox_for: Inboxes) -> None:
        """Reads one container's log until it has ended and all is read, or it is gone."""
        backoff = Backoff()
        while True:
            try:
                if await self._attend_once(id, inbox_for, backoff):
                    return
            except EngineRefused as e:
                if e.status == 404:
                    self._gone(id)
                    return
                self._tell(f"cannot read the log of container {id[:12]}: {e}")
                if e.status in (400, 501):  # the log driver keeps nothing that could be read
                    self._read.add(id)
                    return
            except EngineAway as e:
                self._tell_away(e)
            await self._clock.sleep(backoff.next_s())

    async def _attend_once(self, id: str, inbox_for: Inboxes, backoff: Backoff) -> bool:
        """True when there is nothing more to read of it."""
        self._again.discard(id)
        container = read_container(await self._engine.inspect(id))
        if self._settings.files and container.driver == "json-file" and self._is_followed(id):
            self._tell(f"the log of container {container.name} is read from the disk", level=logging.INFO)
            self._read.add(id)
            return True
        if container.driver == "none":
            self._tell(f"container {container.name} keeps no log (log driver none): there is nothing to read")
            self._read.add(id)
            return True
        if id not in self._inboxes:
            self._tell(f"the log of container {container.name} is read through Docker's API", level=logging.INFO)
        inbox = self._inboxes[id] = inbox_for(container.origin(self._known_formats))
        begin_ns = self._begins.get(id, 0) * SECOND
        log = ContainerLog(self._engine, container, inbox, self._settings.max_line_bytes, self._tell, begin_ns)
        await log.read(backoff, follow=container.running)
        if read_container(await self._engine.inspect(id)).running or id in self._again:
            return False
        if container.running:
            await log.read(backoff, follow=False)
        self._read.add(id)
        return True

    def _gone(self, id: str) -> None:
        """A container that is no more."""
        inbox = self._inboxes.pop(id, None)
        if inbox is None:
            self._tell(f"container {id[:12]} was removed before its log could be read")
        else:
            inbox.finish()

    def _tell_gap(self, before_ns: int, after_ns: int) -> None:
        _log.warning(
            "Docker remembers no event between %s and %s: what happened to containers meanwhile is not known (it keeps "
            "the last 256, and none over a restart)",
            format_rfc3339(before_ns),
            format_rfc3339(after_ns),
        )

    def _tell_away(self, error: Exception) -> None:
        self._away = True
        self._tell(str(error))

    def _tell_back(self) -> None:
        if self._away:
            self._away = False
            self._told.clear()
            _log.info("Docker at %s answers", self._engine.name)

    def _tell(self, message: str, level: int = logging.WARNING) -> None:
        if message in self._told:
            return
        if len(self._told) >= 10_000:
            self._told.clear()
        self._told.add(message)
        _log.log(level, "%s", message)
