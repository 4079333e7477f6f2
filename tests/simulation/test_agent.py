"""The agent against a hostile world, by seed: writers that die, rotations of all kinds, files that vanish, events that
are lost, a full disk, a server that loses answers, crashes at any step.

One random sequence of small steps per seed, on real files, with a clock that only the simulation moves. At the end
every line that was ever written must be at the server exactly once, its instants strictly rising in its file's order –
but for those that were destroyed before they were safe: the model knows them (`Writer.doomed`), and they may be there
or not. A failure prints the steps that led to it.
"""

import errno
import gzip
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
from whodid.agent.flights import StateUnwritable
from whodid.agent.health import Health
from whodid.agent.positions import Position, Positions
from whodid.agent.pump import Pump
from whodid.sources.file import HEAD_BYTES, fingerprint, tells_apart
from whodid.sources.source import News

SEEDS = range(40)
MANY_SEEDS = range(1000, 1400)
STEPS = 220
GENERATIONS = 4


class Crash(BaseException):
    """The power goes off."""


class Writer:
    """A program that logs to one path, and whoever rotates that path. Remembers every line it has written."""

    def __init__(
        self, path: Path, rng: random.Random, clock: StillClock, dates: bool, touched: Callable[[Path, bool], None]
    ) -> None:
        self.path = path
        self._clock = clock
        self._dates = dates
        self._touched = touched  # what the kernel would tell of
        self.lines: list[str] = []
        self.doomed: set[int] = set()
        """Numbers of lines that were destroyed while only the file held them."""
        self._in_file: list[int] = []  # numbers of the lines that the path's content holds now
        self._rng = rng
        self._file: IO[bytes] | None = None
        self._rest = b""  # of a line that is only half written
        self._number = 0
        self._days = 0
        self.away: Path | None = None
        self.late: set[int] = set()
        """Halves of lines at the end of rotated files: more may come, so they wait for long."""

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

    def die(self) -> None:
        """kill -9 in the middle of a line, and a restart: what it writes next goes on in the same line."""
        if not self.abandon():
            return
        number = len(self.lines) - 1
        data = self._line(head="and on ")
        self.lines[number] += self.lines.pop()
        self._in_file.pop()
        self._put(data)

    def abandon(self) -> bool:
        """kill -9 in the middle of a line; False when it was not in one."""
        lost = self._rest.rstrip(b"\r\n")
        if not lost or not lost.isascii():
            return False
        self._rest = b""
        self.lines[-1] = self.lines[-1][: -len(lost)]
        self.close()
        return True

    def reopen(self) -> None:
        """The writer follows its rotation: it finishes its line in the old file and opens the path anew."""
        self.finish_line()
        if self._file is not None:
            if not self.path.exists() or self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino:
                self._in_file = []
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def rename(self) -> None:
        """logrotate: shifts the generations. The writer goes on in the renamed file until it reopens."""
        first = self._make_room()
        if self.path.exists():
            self._move(self.path, first)
            self._in_file = []

    def copy(self) -> None:
        """logrotate's copytruncate, first half."""
        self.finish_line()
        first = self._make_room()
        if self.path.exists():
            with first.open("wb") as file:
                file.write(self.path.read_bytes())
                file.flush()
                self._stamp(file)
            self._touched(first, True)

    def truncate(self, doom: bool = False) -> None:
        """copytruncate, second half; alone (`doom`), it destroys what only the file holds."""
        if doom:
            self.finish_line()
            self.doomed.update(self._in_file)
        self._in_file = []
        with self.path.open("r+b") as file:
            file.truncate(0)
            self._stamp(file)
        self._touched(self.path, False)

    def delete(self) -> None:
        """Somebody removes the log, and its writer begins another: often in the very same inode."""
        self.reopen()
        self.doomed.update(self._in_file)
        self._in_file = []
        self.path.unlink()
        self._touched(self.path, True)

    def go_away(self) -> None:
        """The log is moved out of sight for a while: a volume that is not mounted. Half a line would be sent as it is,
        and the other half when the file comes back."""
        self.finish_line()
        self.away = self.path.parent.parent / f"{self.path.name}.away"
        self._move(self.path, self.away)

    def come_back(self) -> None:
        assert self.away is not None
        self._move(self.away, self.path)
        self.away = None

    def compress(self, age: int) -> None:
        """gzip keeps the time of what it packs, and takes it away."""
        plain = self.generations()[age]
        packed = plain.with_name(f"{plain.name}.gz")
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        times = plain.stat()
        os.utime(packed, ns=(times.st_atime_ns, times.st_mtime_ns))
        plain.unlink()
        self._touched(plain, True)
        self._touched(packed, True)

    def drop_old(self) -> None:
        """Old generations are removed."""
        for path in self.generations()[GENERATIONS - 1 :]:
            path.unlink()
            self._touched(path, True)

    @property
    def crowded(self) -> bool:
        return len(self.generations()) >= GENERATIONS

    def generations(self) -> list[Path]:
        """The rotated files that are not packed, the newest first."""
        found = [p for p in self.path.parent.glob(f"{self.path.name}?*") if p.suffix != ".gz"]
        return sorted(found, key=lambda p: int(re.findall(r"\d+", p.name)[-1]), reverse=self._dates)

    def _make_room(self) -> Path:
        """The name of the newest generation, free."""
        if self._dates:
            self._days += 1
            return self.path.with_name(f"{self.path.name}-{20260100 + self._days}")
        for age in range(GENERATIONS + 3, 0, -1):
            for suffix in ("", ".gz"):
                old = self.path.with_name(f"{self.path.name}.{age}{suffix}")
                if old.exists():
                    self._move(old, self.path.with_name(f"{self.path.name}.{age + 1}{suffix}"))
        return self.path.with_name(f"{self.path.name}.1")

    def _move(self, old: Path, new: Path) -> None:
        old.replace(new)
        self._touched(old, True)
        self._touched(new, True)

    def _put(self, data: bytes) -> None:
        if self._file is None:
            if not self.path.exists():
                self._touched(self.path, True)
            self._file = self.path.open("ab", buffering=0)
        self._file.write(data)
        self._stamp(self._file)
        self._touched(self.path, False)

    def _stamp(self, file: IO[bytes]) -> None:
        """Sets the modification time by the simulation's clock: with the kernel's, seeds would not be reproducible."""
        self._clock.seconds += 0.001
        os.utime(file.fileno(), ns=(self._clock.now_ns(), self._clock.now_ns()))

    def _line(self, head: str = "") -> bytes:
        number = self._number
        self._number += 1
        body = self._rng.choice(("", "same", "é€😀", "x" * self._rng.randrange(300)))
        # A stamp for seven lines each, so that many lines of a file state the same second.
        head = head or ("\t" if self._in_file and self._rng.random() < 0.1 else f"{number // 7} ")
        line = f"{head}{self.path.name} {number} {body}"
        self._in_file.append(len(self.lines))
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
        self._written: set[str] = set()  # what the kernel has told since the last look
        self._structure: set[str] = set()
        (root / "logs").mkdir()
        self.writers = [
            Writer(root / "logs" / name, self.rng, self.clock, self.rng.random() < 0.3, self._touched)
            for name in self.rng.choice((("app.log", "other.log"), ("app.log", "other.log", "third.log")))
        ]
        pattern = self.rng.choice(("*.log", "*.log*", "app.log|other.log|third.log"))
        self._settings = agent_settings(
            root, *pattern.split("|"), max_batch_entries=self.rng.choice((3, 40, 5000)), max_batch_bytes=5000
        )
        self._collector: Collector | None = None
        self.pump: Pump | None = None
        self.positions: Positions | None = None

    def _touched(self, path: Path, structure: bool) -> None:
        (self._structure if structure else self._written).add(str(path))

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
        """Stands where the agent fsyncs: a good moment to die, for what was not synced may be there in part only; or
        for the disk to be full."""
        fate = self.rng.random()
        if fate >= 0.04:
            return
        if stat.S_ISREG(os.fstat(fd).st_mode):
            if self.rng.random() < 0.7:
                os.ftruncate(fd, self.rng.randrange(os.fstat(fd).st_size + 1))
        elif self.rng.random() < 0.7 and (unsynced := self._being_written()) is not None:
            unsynced.unlink(missing_ok=True)
        if fate < 0.02:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise Crash

    def _being_written(self) -> Path | None:
        """The file whose name may not be durable yet."""
        if self.positions is None or self.positions.all_written:
            return None
        return self._settings.state_dir / "in-flight" / f"{self.positions.in_flight[-1].number}.batch"

    def look(self) -> None:
        """At everything, at what the kernel has told, or at that with some of it lost."""
        assert self.pump is not None
        fate, news = self.rng.random(), News(frozenset(self._written), frozenset(self._structure))
        if fate < 0.1:
            news = News(frozenset(path for path in sorted(news.written) if self.rng.random() < 0.5))
        self._written, self._structure = set(), set()
        self.pump.look(None if fate > 0.6 else news)

    def is_met(self, writer: Writer) -> bool:
        """Whether the agent knows of the path, and will after a crash: what was rotated before that is not its own."""
        return self.positions is not None and any(p.place.path == str(writer.path) for p in self._durable())

    def is_dated(self, writer: Writer) -> bool:
        """Whether the agent knows that the path's lines state instants: before that, one that states none is of now."""
        return self.is_met(writer) and any(p.stated for p in self._durable() if p.place.path == str(writer.path))

    def _durable(self) -> list[Position]:
        """What the agent would know after a crash."""
        quiet = Positions(self._settings.state_dir, self.clock.now_ns(), lambda fd: None)
        return quiet.to_read_on("test")

    def is_safe_to_pack(self, writer: Writer, age: int) -> bool:
        """Whether the agent will know again what is in a rotated file: else packing it hides it from everybody."""
        data = writer.generations()[age].read_bytes()
        if not tells_apart(data[:HEAD_BYTES]):
            return False
        known = {p.place.head_hash for p in self._durable() if p.place.head_bytes}
        return any(fingerprint(data[:size]) in known for size in range(1, min(len(data), HEAD_BYTES) + 1))

    def write_down(self) -> None:
        """What the thread that sends does first."""
        assert self.pump is not None
        assert self.positions is not None
        if not self.positions.all_written:
            self.positions.write_down(self.pump.in_flight[-1])

    def send(self) -> None:
        """One attempt to deliver any of those on their way: stored or not (429, 500, silence), acknowledged or not."""
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
        if self.pump is None or self.pump.in_flight or missing(self.store, writer):
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
        except StateUnwritable:
            self.trace.append("disk full")

    def step(self) -> None:
        rng, writer = self.rng, self.rng.choice(self.writers)
        self.clock.seconds += rng.choice((0.0, 0.01, 0.1, 0.3))
        fate = rng.random()
        if fate < 0.34:
            self.write_step(writer, fate)
        elif fate < 0.355:
            self.clock.seconds += 40  # long enough for a renamed file to be let go
        elif fate < 0.38:
            self.trace.append("kill -9")
            self.crash()
        else:
            self.agent_turn(fate)

    def agent_turn(self, fate: float) -> None:
        pump = self.pump
        if pump is None:
            self.agent_step("start", lambda: None)
        elif fate < 0.55:
            self.agent_step("look", self.look)
        elif fate < 0.74:
            self.agent_step("fill", pump.fill)
        elif fate < 0.82:
            self.agent_step("launch", pump.launch)
        elif fate < 0.88:
            self.agent_step("write down", self.write_down)
        elif fate < 0.89 and self.positions is not None:
            self.agent_step("save", self.positions.save)
        else:
            self.agent_step("send", self.send)

    def write_step(self, writer: Writer, fate: float) -> None:
        if writer.away is not None:
            if fate < 0.1:
                self.say(writer, "come back", writer.come_back)
        elif fate < 0.22:
            self.say(writer, "write", writer.write)
        elif fate < 0.235:
            self.say(writer, "finish line", writer.finish_line)
        elif fate < 0.25:
            if self.is_dated(writer):
                self.say(writer, "die in a line", writer.die)
        elif not writer.path.exists() or not self.is_met(writer):
            return
        elif fate < 0.28:
            self.rotate(writer)
        elif fate < 0.30:
            self.copytruncate(writer)
        elif fate < 0.32:
            self.pack(writer)
        elif not self.is_dated(writer):
            return
        elif fate < 0.327:
            self.say(writer, "truncate", lambda: writer.truncate(doom=True))
        elif fate < 0.333:
            self.say(writer, "delete", writer.delete)
        else:
            self.say(writer, "go away", writer.go_away)

    def rotate(self, writer: Writer) -> None:
        if writer.crowded:
            if not self.settled(writer):
                return  # what is removed before it was read is lost to everybody
            self.say(writer, "drop old", writer.drop_old)
        if self.rng.random() < 0.5 and self.is_dated(writer):
            self.say(writer, "die for good", lambda: writer.abandon() and writer.late.add(len(writer.lines) - 1))
        self.say(writer, "rename", writer.rename)
        if self.rng.random() < 0.3:
            self.say(writer, "write into the renamed file", writer.write)
        if self.rng.random() < 0.5:
            self.agent_step("look before reopen", self.look)
            if self.rng.random() < 0.5:
                self.say(writer, "write into the renamed file", writer.write)
        self.say(writer, "reopen", writer.reopen)

    def copytruncate(self, writer: Writer) -> None:
        if writer.crowded:
            return
        self.say(writer, "reopen", writer.reopen)  # a rename may come before the next reopen: then copy is unfit
        self.say(writer, "copy", writer.copy)
        if self.rng.random() < 0.5:
            self.agent_step("look between copy and truncate", self.look)
        if self.rng.random() < 0.5:
            self.agent_step("fill between copy and truncate", lambda: self.pump and self.pump.fill())
        self.say(writer, "truncate", writer.truncate)

    def pack(self, writer: Writer) -> None:
        generations = writer.generations()
        age = self.rng.choice((0, 1))  # compress, delaycompress
        if len(generations) > age and self.is_safe_to_pack(writer, age):
            self.say(writer, f"compress {generations[age].name}", lambda: writer.compress(age))

    def say(self, writer: Writer, what: str, act: Callable[[], object]) -> None:
        self.trace.append(f"{writer.path.name}: {what} ({len(writer.lines)})")
        act()

    def finish(self) -> None:
        """Everybody behaves from now on; the agent gets all the time it needs."""
        for writer in self.writers:
            if writer.away is not None:
                writer.come_back()
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
            if not any(missing(self.store, w) for w in self.writers):
                break
        self.crash()


def stored(store: PushStore, writer: Writer) -> list[str]:
    """The lines of a path in the order of their instants, as the server shows them; a record counts as its lines."""
    label = re.compile(f'filename="[^"]*/{re.escape(writer.path.name)}"')
    mine = sorted((entry for text, entry in store.entries if label.search(text)), key=lambda entry: entry.ns)
    return [line for entry in mine for line in entry.line.split("\n")]


def numbers(store: PushStore, writer: Writer) -> list[int]:
    """Which of a writer's lines are stored, in the order in which the server shows them. -1: never written.

    What was written of a line when its file was truncated may be all that anybody has seen of it.
    """
    known, mine = {line: number for number, line in enumerate(writer.lines)}, stored(store, writer)
    halves = sorted(writer.doomed - {known[line] for line in mine if line in known})
    found = []
    for line in mine:
        number = known.get(line, next((n for n in halves if writer.lines[n].startswith(line)), -1))
        if line not in known and number >= 0:
            halves.remove(number)
        found.append(number)
    return found


def missing(store: PushStore, writer: Writer) -> set[int]:
    return set(range(len(writer.lines))) - writer.doomed - set(numbers(store, writer))


def play(root: Path, seed: int) -> World:
    world = World(root, seed)
    for _ in range(STEPS):
        world.step()
    world.finish()
    return world


def judge(world: World) -> None:
    trace = "\n".join(world.trace[-120:])
    for writer in world.writers:
        found = numbers(world.store, writer)
        assert -1 not in found, f"{stored(world.store, writer)[found.index(-1)]!r} was never written\n{trace}"
        assert missing(world.store, writer) == set(), f"missing of {writer.path.name}\n{trace}"
        assert len(found) == len(set(found)), f"{writer.path.name} twice: {found}\n{trace}"
        timely = [number for number in found if number not in writer.late]
        wrong = next((at for at in range(1, len(timely)) if timely[at] < timely[at - 1]), 0)
        assert not wrong, f"{writer.path.name} out of order: {timely[max(0, wrong - 3) : wrong + 3]}\n{trace}"
    for path in {labels for labels, _ in world.store.entries}:
        late = {writer.lines[number] for writer in world.writers for number in writer.late}
        mine = [entry for labels, entry in world.store.entries if labels == path]
        instants = [entry.ns for entry in mine if not late.intersection(entry.line.split("\n"))]
        assert len(instants) == len(set(instants))
        assert world.overtakings or instants == sorted(instants)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_once_and_in_order(tmp_path: Path, seed: int) -> None:
    judge(play(tmp_path, seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_many_more(tmp_path: Path, seed: int) -> None:
    judge(play(tmp_path, seed))


def test_the_model_dooms_little(tmp_path: Path) -> None:
    """Else it would prove nothing."""
    worlds = []
    for seed in range(10):
        (tmp_path / str(seed)).mkdir()
        worlds.append(play(tmp_path / str(seed), seed))
    written = sum(len(writer.lines) for world in worlds for writer in world.writers)
    doomed = sum(len(writer.doomed) for world in worlds for writer in world.writers)
    assert 0 < doomed < written / 4
