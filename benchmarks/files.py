"""Proof `files`: an agent that follows thousands of silent files, and then one line in one of them.

A host with many containers or tenants has thousands of logs of which few say anything: what they cost when silent, and
how long a line takes from the write to a tail that is open, in a file that has been silent and in one that is new.
"""

import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from websockets.sync.client import ClientConnection, connect

from benchmarks.lines import database
from benchmarks.machine import cpu_seconds, memory_mib
from benchmarks.report import Report, Row, at_most, quantile
from benchmarks.server import Server, serving
from kit.processes import wait_until

PER_DIRECTORY = 100
LINES_EACH = 20
PROBES = 40
JOB = "files"
MARK_CORE_PERCENT = at_most(2)
MARK_MIB = at_most(120)
MARK_TAILABLE_MS = at_most(250)


def _settings(directory: Path) -> dict[str, Any]:
    paths = [str(directory / "logs" / "*" / "*.log")]
    source = {"job": JOB, "format": "plain", "paths": paths}
    return {"agent": {"sources": [source]}}


def _fill(logs: Path, count: int) -> None:
    rng, now = random.Random(7), time.time() - 600
    for number in range(count):
        directory = logs / f"tenant{number // PER_DIRECTORY:03}"
        directory.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{database(rng, now + line, line)}\n" for line in range(LINES_EACH))
        (directory / f"db{number:05}.log").write_text(text)


class _Probe:
    """Writes a line somewhere and waits for it in an open tail."""

    def __init__(self, server: Server) -> None:
        query = quote('{job="files"} |= "probe"')
        self._socket: ClientConnection = connect(
            f"ws://127.0.0.1:{server.port}/loki/api/v1/tail?query={query}", max_size=None
        )
        self._rng = random.Random(3)
        self._number = 0

    def took_ms(self, choose: Callable[[int], Path]) -> float:
        """From the write to the frame that holds the line."""
        self._number += 1
        time.sleep(0.3 + self._rng.random() / 2)  # so that it strikes at any moment of the agent's rhythm
        path, text = choose(self._number), f"probe {self._number} ends"
        line = database(self._rng, time.time(), self._number) + f" -- {text}\n"
        begin = time.perf_counter()
        with path.open("a") as file:
            file.write(line)
        while text not in str(self._socket.recv(timeout=30)):
            pass
        return (time.perf_counter() - begin) * 1e3

    def close(self) -> None:
        self._socket.close()


def _latency_row(what: str, took: list[float]) -> Row:
    note = f"p90 {quantile(took, 0.9):.0f} ms, longest {max(took):.0f} ms of {len(took)}"
    return Row(what, round(statistics.median(took)), "ms", MARK_TAILABLE_MS, note)


def _latencies(server: Server, logs: Path, count: int) -> list[Row]:
    rng, probe = random.Random(9), _Probe(server)

    def silent(number: int) -> Path:
        chosen = rng.randrange(count)
        return logs / f"tenant{chosen // PER_DIRECTORY:03}" / f"db{chosen:05}.log"

    def new(number: int) -> Path:
        return logs / f"tenant{rng.randrange(count) // PER_DIRECTORY:03}" / f"new{number:05}.log"

    try:
        old_ms = [probe.took_ms(silent) for _ in range(PROBES)]
        new_ms = [probe.took_ms(new) for _ in range(PROBES)]
    finally:
        probe.close()
    return [
        _latency_row("line in a silent file, until a tail has it", old_ms),
        _latency_row("line in a new file, until a tail has it", new_ms),
    ]


def _silence(agent: subprocess.Popen[bytes], seconds: float) -> list[Row]:
    cpu, begin = cpu_seconds(agent.pid), time.perf_counter()
    time.sleep(seconds)  # silence is a state, not a condition to wait for
    percent = (cpu_seconds(agent.pid) - cpu) / (time.perf_counter() - begin) * 100
    open_files = len(os.listdir(f"/proc/{agent.pid}/fd"))
    return [
        Row("agent, all silent: CPU", round(percent, 2), "%", MARK_CORE_PERCENT, f"over {seconds:.0f} s"),
        Row("agent, all silent: memory", memory_mib(agent.pid), "MiB", MARK_MIB, f"{open_files} open files"),
    ]


def prove(count: int, seconds: float) -> Report:
    """So many files, silent for so long."""
    with serving(_settings) as server:
        logs = server.installation.directory / "logs"
        _fill(logs, count)
        agent = server.installation.start("agent")
        begin = time.perf_counter()
        everything = count * LINES_EACH
        wait_until(lambda: server.metrics()["whodid_ingested_lines_total"] >= everything, "all lines", 600, 0.5)
        caught_up = Row(f"{count:,} files caught up", round(time.perf_counter() - begin, 1), "s")
        time.sleep(min(10.0, seconds))  # what was read is acknowledged and saved
        rows = [caught_up, *_silence(agent, seconds), *_latencies(server, logs, count)]
        rows += _silence(agent, seconds)[:1]
        return Report("files", rows, {"files": count, "others_cores": server.company.cores()})
