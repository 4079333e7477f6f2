"""Looks at a server once a second while something else goes on, and compares the ends of what it saw."""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.client import Client, Refused
from benchmarks.machine import cpu_seconds
from benchmarks.server import Server, read_metrics

EVERY_S = 1.0


@dataclass(slots=True)
class Course:
    """Numbers of /metrics over time, by their names, and the server's processor time as `cpu_s`."""

    at_s: list[float] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=dict)

    def add(self, at_s: float, numbers: dict[str, float]) -> None:
        self.at_s.append(at_s)
        for name, value in numbers.items():
            self.seen.setdefault(name, []).append(value)

    def since(self, at_s: float) -> "Course":
        """Without what was before: a warming up."""
        first = next((n for n, at in enumerate(self.at_s) if at >= at_s), len(self.at_s))
        return Course(self.at_s[first:], {name: values[first:] for name, values in self.seen.items()})

    def thirds(self, name: str) -> tuple[float, float]:
        """Means of a gauge in the first and in the last third."""
        values = self.seen[name]
        part = max(1, len(values) // 3)
        return statistics.fmean(values[:part]), statistics.fmean(values[-part:])

    def paces(self, name: str) -> tuple[float, float]:
        """What a counter gains a second in the first and in the last third."""
        values, part = self.seen[name], max(1, len(self.at_s) // 3)
        return self._pace(values, 0, part), self._pace(values, len(values) - 1 - part, len(values) - 1)

    def pace(self, name: str) -> float:
        """What a counter gains a second, all in all."""
        return self._pace(self.seen[name], 0, len(self.at_s) - 1)

    def _pace(self, values: Sequence[float], first: int, last: int) -> float:
        return (values[last] - values[first]) / (self.at_s[last] - self.at_s[first])


class Watch:
    """`with Watch(server, names) as course:` – looks until the block ends."""

    def __init__(self, server: Server, names: Sequence[str]) -> None:
        self._port, self._pid, self._names = server.port, server.pid, names
        self._course, self._over = Course(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Course:
        self._thread.start()
        return self._course

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _look(self) -> None:
        client, begin = Client(self._port), time.monotonic()
        try:
            while not self._over.wait(max(0.0, begin + len(self._course.at_s) * EVERY_S - time.monotonic())):
                numbers = read_metrics(client)
                # An engine too busy to say how it is leaves its numbers out: the last ones stand for them.
                known = {name: self._last(name) if name not in numbers else numbers[name] for name in self._names}
                self._course.add(time.monotonic() - begin, {**known, "cpu_s": cpu_seconds(self._pid)})
        except (Refused, OSError) as e:
            self._failure = e
        finally:
            client.close()

    def _last(self, name: str) -> float:
        return self._course.seen[name][-1] if self._course.at_s else 0.0
