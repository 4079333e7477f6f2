"""The log of one container, through Docker's API, into its inbox: each line once. Called by docker.py, which knows when
there is something to read.

After a break it goes on exactly behind the newest written record (resume.py); what a line is, docker_stream.py finds.
"""

from collections.abc import Callable, Sequence

from whodid.sources.backoff import Backoff
from whodid.sources.behind import WriteBehind
from whodid.sources.docker_api import Engine, EngineAway, EngineRefused
from whodid.sources.docker_container import Container
from whodid.sources.docker_stream import LogDecoder, LogLine
from whodid.sources.receiver import Inbox, Received
from whodid.sources.resume import Resume


class ContainerLog:
    """One container's log. `tell` takes a warning; `begin_ns`: where to begin while nothing is written yet."""

    def __init__(
        self,
        engine: Engine,
        container: Container,
        inbox: Inbox,
        max_line_bytes: int,
        tell: Callable[[str], None],
        begin_ns: int = 0,
    ) -> None:
        self._engine = engine
        self._container = container
        self._inbox = inbox
        self._max_line_bytes = max_line_bytes
        self._tell = tell
        self._begin_ns = begin_ns

    async def read(self, backoff: Backoff, *, follow: bool) -> None:
        """One answer of the API, to its end. Without `follow` the container has ended, and so have its lines. `backoff`
        begins anew when something was read. Raises EngineAway, EngineRefused."""
        behind = WriteBehind(self._inbox)
        try:
            await self._read_answer(behind, backoff, follow=follow)
        except (EngineAway, EngineRefused):
            await behind.flush()  # what was read is good, and the next answer is asked for behind it
            raise
        finally:
            await behind.close()

    async def _read_answer(self, behind: WriteBehind, backoff: Backoff, *, follow: bool) -> None:
        container = self._container
        decoder = LogDecoder(container.terminal, self._max_line_bytes)
        place = Resume(self._inbox.cursor(), self._begin_ns)
        async with self._engine.logs(container.id, place.since_ns, follow=follow) as chunks:
            async for data in chunks:
                lines = decoder.feed(data)
                if lines:
                    await behind.put(_new(lines, decoder, place))
                    backoff.reset()
                if decoder.complaint:
                    self._tell(f"Docker says of the log of container {container.name}: {decoder.complaint}")
                    decoder.complaint = ""
                if decoder.broken:
                    raise EngineAway(f"the log of container {container.name} broke off: {decoder.broken}")
        if not follow:
            await behind.put(_new(decoder.finish(), decoder, place))
        await behind.flush()


def _new(lines: Sequence[LogLine], decoder: LogDecoder, place: Resume) -> list[Received]:
    """The records of those lines that are not written yet."""
    unfinished = decoder.oldest_unfinished_ns
    oldest: list[int | None] = []  # for each line, of all that were unfinished when it was complete
    for line in reversed(lines):
        oldest.append(unfinished)
        unfinished = line.ns if unfinished is None else min(unfinished, line.ns)
    return [
        Received(
            line.text,
            line.ns,
            {"stream": line.stream},
            discovered={"__meta_docker_container_log_stream": line.stream},
            cursor=place.cursor,
        )
        for line, unfinished_ns in zip(lines, reversed(oldest), strict=True)
        if place.is_new(line.ns, unfinished_ns)
    ]
