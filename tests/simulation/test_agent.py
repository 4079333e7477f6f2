"""The agent against a hostile world, by seed: writers, rotations, a server that loses answers, crashes at any step.

One random sequence of small steps per seed, on real files, with a clock that only the simulation moves. At the end
every line that was ever written must be at the server exactly once, its instants strictly rising in its file's order.
A failure prints its seed and the steps that led to it.
"""

import os
import random
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from kit.agent_parts import StillClock, agent_settings, tiny_format
from kit.agent_sink import PushStore
from whodid.agent.collector import Collector
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump

SEEDS = range(40)
STEPS = 220
GENERATIONS = 4


class Crash(BaseException):
    """The power goes off."""


class Writer:
    """A program that logs to one path, and the rotation of that path. Remembers every line it has written."""

    def __init__(self, path: Path, rng: random.Random, clock: StillClock) -> None:
        self.path = path
        self._clock = clock
        self.lines: list[str] = []
        self._rng = rng
        self._file: IO[bytes] | None = None
        self._rest = b""  # of a line that is only half written

    def write(self) -> None:
        """A few lines; the last one may be written only in part."""
        self.finish_line()
        data = b"".join(self._line() for _ in range(self._rng.choice((1, 1, 2, 3, 10, 60))))
        cut = self._rng.randrange(1, 12) if self._rng.random() < 0.2 else 0
        self._put(data[: len(data) - cut])
        self._rest = data[len(data) - cut :]

    def finish_line(self) -> None:
        if self._rest:
            self._put(self._rest)
            self._rest = b""

    def reopen(self) -> None:
        """The writer follows its rotation: it finishes its line in the old file and opens the path anew."""
        self.finish_line()
        if self._file is not None:
            self._file.close()
            self._file = None

    def rename(self) -> None:
        """logrotate: shifts the generations. The writer goes on in the renamed file until it reopens."""
        for age in range(GENERATIONS, 0, -1):
            if self._name(age).exists():
                self._name(age).replace(self._name(age + 1))
        if self.path.exists():
            self.path.replace(self._name(1))

    def copy(self) -> None:
        """logrotate's copytruncate, first half."""
        self.finish_line()
        for age in range(GENERATIONS, 0, -1):
            if self._name(age).exists():
                self._name(age).replace(self._name(age + 1))
        if self.path.exists():
            with self._name(1).open("wb") as file:
                file.write(self.path.read_bytes())
                file.flush()
                self._stamp(file)

    def truncate(self) -> None:
        """copytruncate, second half."""
        with self.path.open("r+b") as file:
            file.truncate(0)
            self._stamp(file)

    def drop_old(self) -> None:
        """Old generations are compressed away."""
        for age in (GENERATIONS, GENERATIONS + 1):
            self._name(age).unlink(missing_ok=True)
        self._name(GENERATIONS).with_suffix(".gz").write_bytes(b"\x1f\x8b compressed lines\n")

    @property
    def crowded(self) -> bool:
        return self._name(GENERATIONS).exists()

    def _name(self, age: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{age}")

    def _put(self, data: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        self._file.write(data)
        self._stamp(self._file)

    def _stamp(self, file: IO[bytes]) -> None:
        """Sets the modification time by the simulation's clock: with the kernel's, seeds would not be reproducible."""
        self._clock.seconds += 0.001
        os.utime(file.fileno(), ns=(self._clock.now_ns(), self._clock.now_ns()))

    def _line(self) -> bytes:
        number = len(self.lines)
        body = self._rng.choice(("", "same", "é€😀", "x" * self._rng.randrange(300)))
        # A stamp for seven lines each, so that many lines of a file state the same second.
        head = "\t" if number and self._rng.random() < 0.1 else f"{number // 7} "
        line = f"{head}{self.path.name} {number} {body}"
        self.lines.append(line)
        return line.encode() + self._rng.choice((b"\n", b"\n", b"\r\n"))


class World:
    """Writers, one agent that may be dead, and its server."""

    def __init__(self, root: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.clock = StillClock()
        self.store = PushStore()
        self.trace: list[str] = []
        self.overtakings = 0
        self.known: set[Path] = set()  # paths that the agent has ever met: what was rotated before that is not its own
        (root / "logs").mkdir()
        self.writers = [Writer(root / "logs" / name, self.rng, self.clock) for name in ("app.log", "other.log")]
        pattern = self.rng.choice(("*.log", "*.log*", "app.log|other.log"))
        self._settings = agent_settings(
            root, *pattern.split("|"), max_batch_entries=self.rng.choice((3, 40, 5000)), max_batch_bytes=5000
        )
        self._collector: Collector | None = None
        self.pump: Pump | None = None
        self.positions: Positions | None = None

    def start(self) -> None:
        health = Health()
        self.positions = Positions(self._settings.state_dir, self.clock.now_ns(), self._sync)
        self._collector = Collector(self._settings, self.positions, tiny_format, self.clock, health)
        limits = self._settings.max_batch_entries, self._settings.max_batch_bytes
        self.pump = Pump(self._collector, self.positions, health, *limits)

    def crash(self) -> None:
        if self._collector is not None:
            self._collector.close()
        self._collector = self.pump = None

    def _sync(self, fd: int) -> None:
        """Stands where the agent fsyncs: a good moment to die, for what was not synced may be there in part only."""
        if self.rng.random() >= 0.02:
            return
        if stat.S_ISREG(os.fstat(fd).st_mode):
            if self.rng.random() < 0.7:
                os.ftruncate(fd, self.rng.randrange(os.fstat(fd).st_size + 1))
        elif self.rng.random() < 0.7 and (unsynced := self._being_written()) is not None:
            unsynced.unlink(missing_ok=True)
        raise Crash

    def _being_written(self) -> Path | None:
        """The file whose name may not be durable yet."""
        if self.positions is None or self.positions.all_written:
            return None
        return self._settings.state_dir / "in-flight" / f"{self.positions.in_flight[-1].number}.batch"

    def look(self) -> None:
        if self.pump is not None:
            self.pump.look()
            self.known.update(w.path for w in self.writers if w.path.exists())

    def write_down(self) -> None:
        """What the thread that sends does first."""
        assert self.pump is not None
        assert self.positions is not None
        if not self.positions.all_written:
            self.positions.write_down(self.pump.in_flight[-1])

    def send(self) -> None:
        """One attempt to deliver any of those on their way: stored or not, acknowledged or not."""
        assert self.pump is not None
        assert self.positions is not None
        flights = self.pump.in_flight
        if not self.positions.all_written:
            del flights[-1]
        if not flights:
            return
        flight, fate = self.rng.choice(flights), self.rng.random()
        if fate < 0.8:
            self.store.push(flight.batch.key, flight.batch.body)
            self.overtakings += flight is not flights[0]
        if fate < 0.6:
            self.pump.settle(flight, refused=False)

    def settled(self, writer: Writer) -> bool:
        """Whether everything a writer has written is stored and acknowledged."""
        if self.pump is None or self.pump.in_flight or len(stored(self.store, writer)) < len(writer.lines):
            return False
        assert self.positions is not None
        self.positions.save()
        return True

    def agent_step(self, name: str, act: Callable[[], object]) -> None:
        self.trace.append(name)
        try:
            if self.pump is None:
                self.start()
            else:
                act()
        except Crash:
            self.trace.append("power off")
            self.crash()

    def step(self) -> None:
        rng, writer = self.rng, self.rng.choice(self.writers)
        self.clock.seconds += rng.choice((0.0, 0.01, 0.1, 0.3))
        fate = rng.random()
        pump = self.pump
        if fate < 0.22:
            self.say(writer, "write", writer.write)
        elif fate < 0.24:
            self.say(writer, "finish line", writer.finish_line)
        elif fate < 0.27 and writer.path in self.known:
            self.rotate(writer)
        elif 0.27 <= fate < 0.29 and writer.path in self.known and writer.path.exists() and not writer.crowded:
            self.say(writer, "reopen", writer.reopen)  # a rename may come before the next reopen: then copy is unfit
            self.say(writer, "copy", writer.copy)
            if rng.random() < 0.5:
                self.agent_step("look between copy and truncate", self.look)
            if rng.random() < 0.5:
                self.agent_step("fill between copy and truncate", lambda: self.pump and self.pump.fill())
            self.say(writer, "truncate", writer.truncate)
        elif fate < 0.30:
            self.clock.seconds += 40  # long enough for a renamed file to be let go
        elif fate < 0.33:
            self.trace.append("kill -9")
            self.crash()
        elif pump is None:
            self.agent_step("start", lambda: None)
        elif fate < 0.52:
            self.agent_step("look", self.look)
        elif fate < 0.72:
            self.agent_step("fill", pump.fill)
        elif fate < 0.80:
            self.agent_step("launch", pump.launch)
        elif fate < 0.87:
            self.agent_step("write down", self.write_down)
        elif fate < 0.88 and self.positions is not None:
            self.agent_step("save", self.positions.save)
        else:
            self.agent_step("send", self.send)

    def rotate(self, writer: Writer) -> None:
        if writer.crowded:
            if not self.settled(writer):
                return  # what is compressed before it was read is lost to everybody
            self.say(writer, "drop old", writer.drop_old)
        self.say(writer, "rename", writer.rename)
        if self.rng.random() < 0.3:
            self.say(writer, "write into the renamed file", writer.write)
        if self.rng.random() < 0.5:
            self.agent_step("look before reopen", self.look)
        self.say(writer, "reopen", writer.reopen)

    def say(self, writer: Writer, what: str, act: Callable[[], None]) -> None:
        self.trace.append(f"{writer.path.name}: {what} ({len(writer.lines)})")
        act()

    def finish(self) -> None:
        """Everybody behaves from now on; the agent gets all the time it needs."""
        for writer in self.writers:
            writer.reopen()
            writer.write()  # so that every path has a file again
            writer.reopen()
        self._sync = lambda fd: None  # type: ignore[method-assign]
        self.crash()
        self.start()
        assert self.pump is not None
        for _ in range(400):
            self.clock.seconds += 1
            self.pump.look()
            self.pump.fill()
            self.pump.launch()
            self.write_down()
            for flight in self.pump.in_flight:
                self.store.push(flight.batch.key, flight.batch.body)
                self.pump.settle(flight, refused=False)
            if all(len(stored(self.store, w)) >= len(w.lines) for w in self.writers):
                break
        self.crash()


def stored(store: PushStore, writer: Writer) -> list[str]:
    """The lines of a path in the order of their instants, as the server shows them; a record counts as its lines."""
    label = re.compile(f'filename="[^"]*/{re.escape(writer.path.name)}"')
    mine = sorted((entry for text, entry in store.entries if label.search(text)), key=lambda entry: entry.ns)
    return [line for entry in mine for line in entry.line.split("\n")]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_once_and_in_order(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    for _ in range(STEPS):
        world.step()
    world.finish()
    for writer in world.writers:
        assert stored(world.store, writer) == writer.lines, "\n".join(world.trace[-80:])
    for path in {labels for labels, _ in world.store.entries}:
        instants = [entry.ns for labels, entry in world.store.entries if labels == path]
        assert len(instants) == len(set(instants))
        assert world.overtakings or instants == sorted(instants)
