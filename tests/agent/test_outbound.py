"""Deliveries under way: out of order where the server is faster with one, in order where it has trouble."""

import asyncio
import random
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.agent_parts import StillClock
from whodid.agent.batch import Batch
from whodid.agent.flights import Flight
from whodid.agent.health import Health
from whodid.agent.outbound import Outbound
from whodid.agent.positions import Positions
from whodid.agent.ship import ATTEMPT_HEADER, Reply, Shipper

PATIENCE_S = 20.0


class Gate:
    """A transport that holds every push back until its answer is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str]] = []
        self._answers: dict[bytes, list[int]] = {}
        self._changed = threading.Condition()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        with self._changed:
            self.sent.append((body, headers[ATTEMPT_HEADER]))
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: bool(self._answers.get(body)), PATIENCE_S)
            return Reply(self._answers[body].pop(0))

    def answer(self, body: bytes, *statuses: int) -> None:
        with self._changed:
            self._answers.setdefault(body, []).extend(statuses)
            self._changed.notify_all()

    async def until_sent(self, count: int) -> None:
        def wait() -> None:
            with self._changed:
                assert self._changed.wait_for(lambda: len(self.sent) >= count, PATIENCE_S), self.sent

        await asyncio.to_thread(wait)

    def close(self) -> None:
        pass


class Bench:
    def __init__(self, directory: Path, sync=lambda fd: None) -> None:  # type: ignore[no-untyped-def]
        self.clock, self.gate = StillClock(), Gate()
        self.positions = Positions(directory, 0, sync)
        shipper = Shipper(self.gate, lambda: None, self.clock, Health(), random.Random(1), at_once=2)
        self.outbound = Outbound(shipper, self.positions, self.clock)

    def begin(self, body: bytes) -> Flight:
        return self.positions.begin(Batch(body.decode(), body, 1, ()))

    async def end(self) -> list[bytes]:
        """The bodies that arrive next: at least one."""
        found: list[bytes] = []
        async with asyncio.timeout(PATIENCE_S):
            while not found:
                await asyncio.wait(self.outbound.tasks, return_when=asyncio.FIRST_COMPLETED)
                found = [flight.batch.body for flight, refusal in self.outbound.ended() if refusal is None]
        return found


async def test_written_down_before_it_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.outbound.send(bench.begin(b"a"))
    await bench.gate.until_sent(1)
    assert [flight.batch.body for flight in Positions(tmp_path, 0).in_flight] == [b"a"]
    bench.gate.answer(b"a", 204)
    assert await bench.end() == [b"a"]
    await bench.outbound.cancel()


async def test_two_at_once_and_the_second_may_arrive_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.outbound.send(bench.begin(b"a"))
    await bench.gate.until_sent(1)
    bench.outbound.send(bench.begin(b"b"))
    await bench.gate.until_sent(2)
    bench.gate.answer(b"b", 204)
    assert await bench.end() == [b"b"]
    assert len(bench.outbound) == 1
    bench.gate.answer(b"a", 204)
    assert await bench.end() == [b"a"]
    await bench.outbound.cancel()


async def test_in_trouble_the_first_goes_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.outbound.send(bench.begin(b"a"))
    await bench.gate.until_sent(1)
    bench.outbound.send(bench.begin(b"b"))
    await bench.gate.until_sent(2)
    bench.gate.answer(b"b", 503, 204)
    bench.gate.answer(b"a", 503, 503, 503, 204)
    arrived = await bench.end()
    while bench.outbound:
        arrived += await bench.end()
    assert arrived == [b"a", b"b"]
    assert [body for body, _ in bench.gate.sent[2:]] == [b"a", b"a", b"a", b"b"]
    assert not bench.outbound.troubled
    await bench.outbound.cancel()


async def test_after_a_restart_one_after_the_other_and_marked_as_repeated(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bodies = [b"a", b"b", b"c"]
    for body in bodies:
        bench.positions.write_down(bench.begin(body))
        bench.gate.answer(body, 204)
    again = Bench(tmp_path)
    again.gate = bench.gate
    shipper = Shipper(bench.gate, lambda: None, again.clock, Health(), random.Random(1), at_once=2)
    again.outbound = Outbound(shipper, again.positions, again.clock)
    for flight in again.positions.in_flight:
        again.outbound.send(flight, repeated=True)
    arrived: list[bytes] = []
    while again.outbound:
        arrived += await again.end()
    assert arrived == bodies
    assert bench.gate.sent == [(body, "2") for body in bodies]
    await again.outbound.cancel()


async def test_a_disk_that_is_full_for_a_while(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    troubles = [OSError(28, "No space left on device")] * 3

    def sync(fd: int) -> None:
        if troubles:
            raise troubles.pop()

    bench = Bench(tmp_path, sync)
    bench.gate.answer(b"a", 204)
    bench.outbound.send(bench.begin(b"a"))
    assert await bench.end() == [b"a"]
    assert caplog.text.count("No space left on device; make room") == 3
    assert bench.gate.sent == [(b"a", "1")]
    await bench.outbound.cancel()


async def test_refused_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.gate.answer(b"a", 400)
    bench.outbound.send(bench.begin(b"a"))
    await bench.outbound.finish(PATIENCE_S)
    ((flight, refusal),) = bench.outbound.ended()
    assert refusal is not None
    assert (flight.batch.body, refusal.status) == (b"a", 400)
    await bench.outbound.cancel()
