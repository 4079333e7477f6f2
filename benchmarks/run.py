"""`make bench`: pushes, queries, the agent and memory, measured on this machine; a table and a JSON file.

Everything is real and over HTTP: a server process, clients in this process, an agent process following a file. Every
number stands beside a yardstick of the same run (SHA-256 on one core, an fsync of this disk), since machines are noisy.
"""

import argparse
import hashlib
import http.client
import json
import os
import platform
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any

import cramjam

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from lines import PREFIX, STREAMS, LineMaker, database, mixed, sessions

from kit.processes import Installation, wait_until
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

QUERIES = (
    ("needle", '{job="database"} |= "DELETE FROM \\"User\\""', ""),
    ("regex, rare", '{job="database"} |~ "(?i)duplicate key|truncate"', ""),
    ("newest 100", '{job="nginx"}', ""),
    ("newest 100 of a filter", '{job="nginx"} |= " 502 "', ""),
    ("json field", '{job="backend"} | json | level="ERROR"', ""),
    ("count a minute", 'sum by (job) (count_over_time({host="bench"}[1m]))', "60"),
    ("count filtered", 'sum(count_over_time({job="database"} |~ "(?i)delete from" [5m]))', "300"),
    ("top addresses", 'topk(10, sum by (ip) (count_over_time({job="nginx"} | pattern `<ip> - <_>` [1h])))', "3600"),
    ("status a minute", 'sum by (status) (count_over_time({job="nginx"} | regexp `" (?P<status>\\d{3}) ` [1m]))', "60"),
    (
        "p95 of duration",
        'quantile_over_time(0.95, {job="database"} | regexp `duration: (?P<ms>[0-9.]+) ms` | unwrap ms [5m]) by (job)',
        "300",
    ),
    ("rate by level after json", 'sum by (level) (rate({job="backend"} | json [1m]))', "60"),
    ("labels", "", ""),
)


def yardsticks(directory: Path) -> dict[str, float]:
    """What this machine can do today."""
    block = os.urandom(1 << 20)
    begin = time.perf_counter()
    for _ in range(200):
        hashlib.sha256(block).digest()
    sha = 200 / (time.perf_counter() - begin)
    waits = []
    with (directory / "fsync").open("wb") as file:
        for _ in range(20):
            file.write(block[:4096])
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - begin)
    return {"sha256_MiB_per_s": round(sha, 1), "fsync_ms": round(statistics.median(waits) * 1e3, 2)}


def make_bodies(count: int, per_body: int) -> list[bytes]:
    """Push bodies of `per_body` lines that end about now, compressed as promtail does."""
    begin = time.time() - 3000
    bodies, streams = [], [Stream(dict(labels)) for labels in STREAMS]
    for number, (index, ns, line) in enumerate(mixed(count, begin, 2900 / count), 1):
        streams[index].entries.append(Entry(ns, line, {}))
        if number % per_body == 0:
            bodies.append(bytes(cramjam.snappy.compress_raw(encode_push(s for s in streams if s.entries))))
            streams = [Stream(dict(labels)) for labels in STREAMS]
    return bodies


def push(whodid: Installation, bodies: list[bytes], connections: int, per_body: int) -> dict[str, float]:
    """Acknowledged lines a second over several connections."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    waits: list[float] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", whodid.port, timeout=120)
        while True:
            try:
                body = waiting.get_nowait()
            except queue.Empty:
                return
            begin = time.perf_counter()
            connection.request("POST", "/loki/api/v1/push", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 204, (answer.status, text[:300])
            waits.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    waits.sort()
    return {
        "lines_per_s": round(len(bodies) * per_body / seconds),
        "median_ms": round(statistics.median(waits) * 1e3, 1),
        "p99_ms": round(waits[int(len(waits) * 0.99) - 1] * 1e3, 1),
    }


def ask(whodid: Installation, runs: int) -> dict[str, dict[str, float]]:
    """Median and first time of each query; the window moves a little each run, so that nothing can be remembered."""
    connection = http.client.HTTPConnection("127.0.0.1", whodid.port, timeout=120)
    out = {}
    for name, query, step in QUERIES:
        times = []
        for run in range(runs):
            end = time.time_ns() + 10**9 + run * 10**6
            asked = {"start": str(end - 3600 * 10**9), "end": str(end)}
            path = "/loki/api/v1/labels"
            if query:
                path = "/loki/api/v1/query_range"
                asked |= {"query": query, "limit": "100", **({"step": step} if step else {})}
            begin = time.perf_counter()
            connection.request("GET", f"{path}?{urllib.parse.urlencode(asked)}")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (name, answer.status, body[:300])
            times.append(time.perf_counter() - begin)
        out[name] = {"median_ms": round(statistics.median(times) * 1e3, 1), "first_ms": round(times[0] * 1e3, 1)}
    return out


def follow(whodid: Installation, server: int, log: Path, make: LineMaker, count: int) -> dict[str, float]:
    """The agent over a file of PostgreSQL's format: lines a second until the server has them all, and the CPU of both.

    A file that it follows already grows by all lines at once: how long a program takes to start is another question.
    """
    rng = random.Random(5)
    now = time.time() - 600
    text = "".join(f"{make(rng, now + n * 500 / count, n)}\n" for n in range(count))
    before = _stored(whodid)
    agent = whodid.start("agent")
    with log.open("a") as file:
        file.write(f"{make(rng, now, 0)}\n")
    wait_until(lambda: _stored(whodid) > before, "the first line", 60)
    cpu, server_cpu, begin = _cpu_seconds(agent.pid), _cpu_seconds(server), time.perf_counter()
    with log.open("a") as file:
        file.write(text)
    wait_until(lambda: _stored(whodid) > before + count, f"{count} lines", 300, look_every_s=0.05)
    seconds = time.perf_counter() - begin
    cpu, server_cpu = _cpu_seconds(agent.pid) - cpu, _cpu_seconds(server) - server_cpu
    memory = _memory_mib(agent.pid)
    whodid.kill(agent)
    return {
        "lines_per_s": round(count / seconds),
        "cpu_us_per_line": round(cpu / count * 1e6, 2),
        "lines_per_cpu_s": round(count / cpu),
        "server_cpu_us_per_line": round(server_cpu / count * 1e6, 2),
        "memory_MiB": memory,
    }


def _stored(whodid: Installation) -> int:
    text = str(whodid.get("/metrics"))
    return int(float(next(x for x in text.splitlines() if x.startswith("whodid_ingested_lines_total")).split()[1]))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def run(lines: int, per_body: int, connections: int) -> dict[str, Any]:
    """All measurements, in an installation of their own."""
    with tempfile.TemporaryDirectory(prefix="whodid-bench-") as name:
        directory = Path(name)
        log = directory / "postgresql.log"
        source = {"job": "agent", "format": "postgres", "paths": [str(log)], "line_prefix": PREFIX}
        whodid = Installation(directory, agent={"sources": [source]})
        try:
            result: dict[str, Any] = {"yardstick": yardsticks(directory)}
            bodies = make_bodies(lines, per_body)
            server = whodid.start("server")
            time.sleep(3)  # "at rest" is a state, not a condition to wait for
            cpu, begin = _cpu_seconds(server.pid), time.perf_counter()
            time.sleep(5)
            result["at rest"] = {
                "memory_MiB": _memory_mib(server.pid),
                "cpu_percent": round((_cpu_seconds(server.pid) - cpu) / (time.perf_counter() - begin) * 100, 1),
            }
            result["push"] = push(whodid, bodies, connections, per_body)
            result["queries"] = ask(whodid, 7)
            result["agent"] = follow(whodid, server.pid, log, database, min(lines, 300_000))
            result["agent, sessions"] = follow(whodid, server.pid, log, sessions, min(lines, 300_000))
            result["after load"] = {"memory_MiB": _memory_mib(server.pid)}
        finally:
            whodid.stop()
    return result


def table(result: dict[str, Any]) -> str:
    """The numbers for a person."""
    rows = [("what", "number", "value")]
    for what, numbers in result.items():
        if isinstance(numbers, dict):
            for number, value in numbers.items():
                shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else f"{value:,}"
                rows.append((what, number, shown))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--per-body", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "latest.json")
    asked = parser.parse_args()
    result = run(asked.lines, asked.per_body, asked.connections)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    text = table(result)
    result |= {
        "machine": machine,
        "commit": commit.stdout.strip(),
        "lines": asked.lines,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")
    print(text)
    print(f"\n{machine}; written to {asked.out}")


if __name__ == "__main__":
    main()
