"""Debian's logrotate against a real agent and a real server, writers that go on, kill -9: every line once, in order."""

import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.processes import Installation, wait_until

LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin") or "logrotate"
STYLES = {
    # name of the log: what logrotate is told
    "renamed": "create",
    "delayed": "create\ncompress\ndelaycompress",
    "packed": "create\ncompress",
    "dated": "create\ncompress\ndateext\ndateformat -%Y%m%d-%s",
    "bare": "nocreate\ncompress\ndelaycompress",
    "copied": "copytruncate",
    "copiedpacked": "copytruncate\ncompress",
}
PAUSE_S = 0.004


class Writer:
    """Writes numbered lines until it is stopped; opens its log for each, as a shell's >> does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.turn = threading.Lock()
        """Held by whoever rotates with copytruncate, which loses what is written between the two steps."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._over.wait(PAUSE_S):
            with self.turn, self.path.open("a") as file:
                for _ in range(3):
                    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
                    file.write(f"{stamp} {self.path.stem} {self.count}\n")
                    self.count += 1


def rotate(directory: Path, writer: Writer) -> None:
    """One run of logrotate for one log."""
    style = STYLES[writer.path.stem]
    if "dateext" in style and list(writer.path.parent.glob(f"{writer.path.name}-*-{int(time.time())}*")):
        return  # it has no second name for one second
    conf = directory / f"{writer.path.stem}.conf"
    conf.write_text(f"{writer.path} {{\nsu root root\nrotate 50\nmissingok\n{style}\n}}\n")
    command = [LOGROTATE, "--force", "--state", str(directory / f"{writer.path.stem}.state"), str(conf)]
    if "copytruncate" in style:
        with writer.turn:
            subprocess.run(command, check=True, capture_output=True)
    else:
        subprocess.run(command, check=True, capture_output=True)


def numbers(whodid: Installation, writer: Writer) -> list[int]:
    """What the server has of a log, in its order."""
    found: list[tuple[int, str]] = []
    start = time.time_ns() - 3600 * 10**9
    while True:
        answer = whodid.get(
            "/loki/api/v1/query_range",
            query=f'{{filename="{writer.path}"}}',
            start=str(start),
            end=str(time.time_ns() + 10**9),
            limit="5000",
            direction="forward",
        )
        page = [(int(ns), line) for s in answer["data"]["result"] for ns, line in s["values"]]
        if not page:
            return [int(line.rsplit(" ", 1)[1]) for _, line in found]
        found += sorted(page)
        start = found[-1][0] + 1


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_every_line_once_and_in_order(install: Callable[..., Installation], tmp_path: Path, rounds: int) -> None:
    rng = random.Random(rounds)
    logs, rotation = tmp_path / "logs", tmp_path / "rotation"
    logs.mkdir()
    rotation.mkdir()
    logs.chmod(0o755)
    whodid = install(agent={"sources": [{"job": "app", "format": "plain", "paths": [f"{logs}/*.log"]}]})
    writers = [Writer(logs / f"{name}.log") for name in STYLES]
    server, agent = whodid.start("server"), whodid.start("agent")
    for writer in writers:
        writer.start()

    def written() -> int:
        return sum(writer.count for writer in writers)

    def stored() -> int:
        return whodid.total('{job="app"}')

    try:
        # What is rotated before any agent has met its path is nobody's to read.
        wait_until(lambda: all(numbers(whodid, writer) for writer in writers), "a line of each log")
        for number in range(rounds):
            chosen = rng.sample(writers, rng.randint(2, len(writers)))
            if number % 3 == 1:
                whodid.kill(agent)
            if number % 3 == 2:
                whodid.kill(server)
            for writer in chosen:
                rotate(rotation, writer)
            if number % 3 == 1:
                agent = whodid.start("agent")
            if number % 3 == 2:
                server = whodid.start("server")
            goal = written() - rng.randint(0, 100)
            wait_until(lambda goal=goal: stored() >= goal, f"{goal} lines", look_every_s=0.1)
    finally:
        for writer in writers:
            writer.stop()
    wait_until(lambda: stored() >= written(), f"all {written()} lines", look_every_s=0.3)
    for writer in writers:
        assert numbers(whodid, writer) == list(range(writer.count)), writer.path.name
